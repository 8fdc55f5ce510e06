import { faultsInForce, type RunView } from "../../electron/model/run-view.ts";
import { isOpen } from "../../electron/model/span.ts";
import { formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";
import classes from "./inspector.module.css";

/** The faults in force at a moment. */
export function InForce({ view, atMs }: { view: RunView; atMs: number }) {
  const faults = faultsInForce(view.faults, atMs);
  return (
    <>
      <h3>Faults in force</h3>
      {faults.length === 0 ? (
        <p className={classes.hint}>None.</p>
      ) : (
        <ul className={classes.faults}>
          {faults.map((fault) => (
            <li key={fault.id}>
              <ToneBadge tone="fault">{fault.name}</ToneBadge> from {formatDuration(fault.startMs)}{" "}
              {isOpen(fault) ? "until now" : `to ${formatDuration(fault.endMs)}`}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
