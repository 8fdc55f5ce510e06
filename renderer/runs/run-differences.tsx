import type { RunDifference } from "../../electron/model/headline/run-differences.ts";
import unseen from "../ui/unseen.module.css";
import classes from "./run-differences.module.css";

/** How two runs differ, in counts; the moment at which they part is marked. */
export function RunDifferences({ differences }: { differences: readonly RunDifference[] }) {
  if (differences.length === 0) return null;
  return (
    <ul className={classes.list} aria-label="How the runs differ">
      {differences.map(({ what, left, right, isFirst }) => (
        <li key={what} data-first={isFirst}>
          {isFirst && <b>First difference, </b>}
          <span>{what}</span> {left} <span aria-hidden>→</span>
          <span className={unseen.unseen}> in the first run, in the second </span> {right}
        </li>
      ))}
    </ul>
  );
}
