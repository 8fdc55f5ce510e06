import type { Outcome } from "../../electron/model/lab-event.ts";
import { OUTCOME_LOOKS } from "./outcome.tsx";
import classes from "./outcome-bar.module.css";
import { toneVariable } from "./tone-mark.tsx";

interface OutcomeBarProps {
  runs: readonly { outcome: Outcome | null; batch: { number: number; showsFailure: boolean } }[];
  of: number;
}

/** A stretch for each run in their order, in the colour of its outcome, and how many there are of each. */
export function OutcomeBar({ runs, of }: OutcomeBarProps) {
  const counts = new Map<string, number>();
  for (const { outcome, batch } of runs) {
    const word = OUTCOME_LOOKS[outcome ?? "running"].word.toLowerCase();
    const said =
      outcome === null ? "to come" : batch.showsFailure && outcome === "failed" ? `${word} on purpose` : word;
    counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const text = [...counts].map(([word, count]) => `${count} ${word}`).join(", ");
  return (
    <div className={classes.sum}>
      <div className={classes.bar} role="img" aria-label={`Of ${of} runs: ${text}`}>
        {runs.map(({ batch, outcome }) => (
          <span
            key={batch.number}
            style={outcome === null ? {} : { background: `var(${toneVariable(OUTCOME_LOOKS[outcome].tone)})` }}
          />
        ))}
      </div>
      <span aria-hidden>{text}</span>
    </div>
  );
}
