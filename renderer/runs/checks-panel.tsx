import { briefCheck } from "../../electron/model/brief-text.ts";
import { type CheckResult, resultOf } from "../../electron/model/check-result.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { Empty } from "../ui/states.tsx";
import { toneVariable } from "../ui/tone-mark.tsx";
import { CHECK_LOOKS } from "./check-looks.ts";
import classes from "./checks-panel.module.css";

interface ChecksPanelProps {
  view: RunView;
  selectedSeq: number | undefined;
  isLatest: boolean;
  onVisit: (seq: number) => void;
}

const ORDER: Record<CheckResult, number> = { failed: 0, inconclusive: 1, passed: 2 };

/** Every check with its expected and observed values; failed ones first, then inconclusive ones. */
export function ChecksPanel({ view, selectedSeq, isLatest, onVisit }: ChecksPanelProps) {
  const { checks, warnings, ended } = view;
  if (checks.length === 0 && warnings.length === 0) {
    return (
      <Empty title={isLatest && ended === undefined ? "Checks run after the method" : "No checks yet at this moment"}>
        {ended !== undefined && ended.outcome !== "passed" ? <BriefText text={ended.reason} of="Result" /> : undefined}
      </Empty>
    );
  }
  const ordered = checks
    .map(({ event }) => ({ ...event, result: resultOf(event), shown: briefCheck(event) }))
    .sort((a, b) => ORDER[a.result] - ORDER[b.result] || a.seq - b.seq);
  return (
    <table className={classes.checks}>
      <thead>
        <tr>
          <th>Result</th>
          <th>Check</th>
          <th>Expected</th>
          <th>Observed</th>
        </tr>
      </thead>
      <tbody>
        {ordered.map(({ shown, seq, check, result, inconclusive, expected, observed }) => (
          <tr key={seq} data-result={result} data-selected={selectedSeq === seq || undefined}>
            <td>
              <ResultIcon result={result} />
            </td>
            <td>
              <button type="button" onClick={() => onVisit(seq)}>
                {check}
              </button>
            </td>
            <td>
              <BriefText text={expected} of={`${check}: expected`} shown={shown.expected} />
            </td>
            <td>
              <BriefText text={observed} of={`${check}: observed`} shown={shown.observed} />
              {inconclusive !== undefined && (
                <p className={classes.why}>
                  <BriefText text={inconclusive} of={`${check}: why it is inconclusive`} />
                </p>
              )}
            </td>
          </tr>
        ))}
        {warnings.map(({ seq, event: { message } }) => (
          <tr key={seq} data-warning>
            <td />
            <td>
              <button type="button" onClick={() => onVisit(seq)}>
                warning
              </button>
            </td>
            <td colSpan={2}>
              <BriefText text={message} of="Warning" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ResultIcon({ result }: { result: CheckResult }) {
  const { Icon, tone, word } = CHECK_LOOKS[result];
  return <Icon size={15} stroke={2.4} color={`var(${toneVariable(tone)})`} role="img" aria-label={word} />;
}
