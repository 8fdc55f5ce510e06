import { IconCheck, IconX } from "@tabler/icons-react";
import type { RunView } from "../../electron/lab/events/fold.ts";
import { Empty } from "../app/states.tsx";
import classes from "./checks-panel.module.css";

interface ChecksPanelProps {
  view: RunView;
  selectedSeq: number | undefined;
  isLatest: boolean;
  onVisit: (seq: number) => void;
}

/** Every check with what was expected and what was observed; those that failed first. */
export function ChecksPanel({ view, selectedSeq, isLatest, onVisit }: ChecksPanelProps) {
  const { checks, warnings, ended } = view;
  if (checks.length === 0 && warnings.length === 0) {
    return (
      <Empty
        title={
          isLatest && ended === undefined ? "The checks come after the method" : "No check has been made at this moment"
        }
      >
        {ended !== undefined && ended.outcome !== "passed" ? ended.reason : undefined}
      </Empty>
    );
  }
  const ordered = [...checks].sort((a, b) => Number(a.passed) - Number(b.passed) || a.seq - b.seq);
  return (
    <table className={classes.checks}>
      <thead>
        <tr>
          <th aria-label="Verdict" />
          <th>Check</th>
          <th>Expected</th>
          <th>Observed</th>
        </tr>
      </thead>
      <tbody>
        {ordered.map(({ seq, check, passed, expected, observed }) => (
          <tr key={seq} data-failed={!passed || undefined} data-selected={selectedSeq === seq || undefined}>
            <td>
              {passed ? (
                <IconCheck size={15} stroke={2.4} className={classes.passed} role="img" aria-label="holds" />
              ) : (
                <IconX size={15} stroke={2.4} className={classes.failed} role="img" aria-label="does not hold" />
              )}
            </td>
            <td>
              <button type="button" onClick={() => onVisit(seq)}>
                {check}
              </button>
            </td>
            <td>{expected}</td>
            <td>{observed}</td>
          </tr>
        ))}
        {warnings.map(({ seq, message }) => (
          <tr key={seq} data-warning>
            <td />
            <td>
              <button type="button" onClick={() => onVisit(seq)}>
                warning
              </button>
            </td>
            <td colSpan={2}>{message}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
