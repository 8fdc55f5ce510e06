import { Button } from "@mantine/core";
import { IconPlayerSkipForward } from "@tabler/icons-react";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import { formatRoute, type Route } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { OUTCOME_LOOKS } from "../ui/outcome.tsx";
import { ToneDot } from "../ui/tone-mark.tsx";
import { batchOf } from "./batch-runs.ts";
import classes from "./batch-strip.module.css";

/** Above the page while runs that were started together are in progress or shown: which it is, and the verdicts so far. */
export default function BatchStrip({ route }: { route: Route }) {
  const queue = useLab((state) => state.lab?.queue);
  const follow = useInteraction((state) => state.follow);
  const shownRunId = route.at === "run" ? route.runId : route.at === "compare" ? route.right : undefined;
  const batch = queue === undefined ? undefined : batchOf(queue, shownRunId);
  if (batch === undefined) return null;
  const { id: batchId, current, entries, of } = batch;
  const shown = entries.find(({ runId }) => runId !== null && runId === shownRunId);
  const number = (shown ?? current)?.batch.number;
  const before = entries.find((entry) => entry.batch.number === (number ?? of + 1) - 1);
  const next = current?.runId ?? undefined;
  return (
    <section className={classes.strip} aria-label="Runs started together">
      <b className={classes.count}>{number === undefined ? `${of} runs` : `${number} of ${of}`}</b>
      <ol className={classes.runs}>
        {entries.map((entry) => (
          <li key={entry.entryId} aria-current={entry === shown ? "true" : undefined}>
            <RunMark entry={entry} />
          </li>
        ))}
      </ol>
      <span className={classes.verdicts} role="status">
        {batch.passed} passed{batch.notPassed > 0 && <b>, {batch.notPassed} not</b>}
      </span>
      {before?.headline != null && <span className={classes.headline}>Before: {before.headline}</span>}
      {next !== undefined && next !== shownRunId && (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconPlayerSkipForward size={14} aria-hidden />}
          onClick={() => {
            follow({ batchId, runId: next });
            goTo({ at: "run", runId: next });
          }}
        >
          Next
        </Button>
      )}
    </section>
  );
}

function RunMark({ entry: { runId, scenarioTitle, outcome, state } }: { entry: QueueEntry }) {
  const { tone, word } = OUTCOME_LOOKS[outcome ?? "running"];
  const label = `${state === "queued" ? "Waiting" : word}: ${scenarioTitle}`;
  if (runId === null) return <span className={classes.waits} title={label} role="img" aria-label={label} />;
  return (
    <a href={formatRoute({ at: "run", runId })} aria-label={label} title={label}>
      <ToneDot tone={tone} />
    </a>
  );
}
