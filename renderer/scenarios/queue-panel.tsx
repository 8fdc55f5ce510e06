import { Loader } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./queue-panel.module.css";

/** Ends what runs wait for. */
function Remedy() {
  const actions = useLabActions();
  const isHalted = useLab((state) => state.lab?.halted === true);
  return (
    <ReasonedButton variant="default" onClick={() => void (isHalted ? actions.arm() : actions.undo("all"))}>
      {isHalted ? "Arm" : "Undo the manual faults"}
    </ReasonedButton>
  );
}

/** Running and queued runs. Hidden when there are none. */
export function QueuePanel() {
  const active = useLab((state) => state.lab?.queue.active);
  const pause = useLab((state) => state.lab?.queue.pause);
  const actions = useLabActions();
  const nowMs = useLabNow(100, (active?.length ?? 0) > 0);
  if (active === undefined || active.length === 0) return null;
  return (
    <section className={classes.queue} aria-labelledby="queue-title">
      <header>
        <h2 id="queue-title">Running</h2>
        <a href={formatRoute({ at: "queue" })}>Queue</a>
        <ReasonedButton variant="subtle" color="gray" onClick={() => void actions.cancel("all")}>
          Cancel all
        </ReasonedButton>
      </header>
      {pause != null && (
        <div className={classes.pause} role="status">
          <span>
            Waits: {pause.why}. {pause.next}, and it goes on.
          </span>
          <Remedy />
        </div>
      )}
      <ol>
        {active.map((entry) => {
          const { entryId, scenarioTitle, activity, state, startedWallMs, runId, without, cancelling, from } = entry;
          return (
            <li key={entryId} data-state={state}>
              {state === "running" ? <Loader size={13} aria-hidden /> : <span className={classes.waits} />}
              <div>
                {runId === null ? (
                  <b>{scenarioTitle}</b>
                ) : (
                  <a href={formatRoute({ at: "run", runId })}>{scenarioTitle}</a>
                )}
                <span>
                  {cancelling ? "cancelling" : activity}
                  {from === "terminal" && " · from a terminal"}
                  {without.length > 0 && ` · without ${without.join(", ")}`}
                </span>
              </div>
              {startedWallMs !== null && <time>{formatDuration(Math.max(0, nowMs - startedWallMs))}</time>}
              <ReasonedButton
                variant="subtle"
                color="gray"
                size="compact-xs"
                aria-label={`Cancel ${scenarioTitle}`}
                disabledBecause={cancelling ? "Cancelling: its faults are undone first" : undefined}
                onClick={() => void actions.cancel(entryId)}
              >
                <IconX size={14} aria-hidden />
              </ReasonedButton>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
