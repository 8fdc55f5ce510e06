import { IconPlayerSkipForward } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { useInteraction, useLab, usePreferences } from "../state/lab-context.tsx";
import { formatRoute, type Route } from "../state/route.ts";
import { useGoOn } from "../state/use-go-on.ts";
import { goTo } from "../state/use-route.ts";
import { OUTCOME_LOOKS } from "../ui/outcome.tsx";
import { OutcomeBar } from "../ui/outcome-bar.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ToneDot } from "../ui/tone-mark.tsx";
import { type BatchRuns, batchOf, nextPlace, shownRun } from "./batch-progress.ts";
import classes from "./batch-strip.module.css";

/** Above the page while runs that were started together are in progress or shown: which it is, and the verdicts so far. */
export default function BatchStrip({ route }: { route: Route }) {
  const queue = useLab((state) => state.lab?.queue);
  const batch = queue === undefined ? undefined : batchOf(queue, route);
  return batch === undefined ? null : <Strip batch={batch} route={route} />;
}

/** More runs than these are a bar. */
const MARKS = 24;

const GOES_ON: Partial<Record<Route["at"], string>> = { compare: "Compare", run: "Next", batch: "Result" };

function Strip({ batch, route }: { batch: BatchRuns; route: Route }) {
  const follow = useInteraction((state) => state.follow);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const { id: batchId, current, entries, of } = batch;
  const shownRunId = shownRun(route);
  const shown = entries.find(({ runId }) => runId !== null && runId === shownRunId);
  const number = (shown ?? current)?.batch.number;
  const before = entries.find((entry) => entry.batch.number === (number ?? of + 1) - 1);
  const next = nextPlace(batch, route);
  // Asked for while the next run is being prepared.
  const [wantedFrom, setWantedFrom] = useState<Route>();
  const goOn = () => {
    if (next === undefined) return setWantedFrom(route);
    setWantedFrom(undefined);
    if (next.at === "run") follow({ batchId, runId: next.runId });
    goTo(next);
  };
  const isWanted = wantedFrom === route && next !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when there is somewhere to go on to
  useEffect(() => {
    if (isWanted) goOn();
  }, [isWanted]);
  const isInProgress = shown !== undefined && shown.state !== "ended" && route.at === "run";
  const isAtEnd = route.at === "batch" && current === undefined;
  // Elsewhere the keys scroll.
  const takesKeys = (isPresenting || entries[0]?.batch.isPaced) && (shown !== undefined || route.at === "batch");
  useGoOn(!takesKeys || isInProgress || isAtEnd ? undefined : goOn);
  return (
    <section className={classes.strip} aria-label="Runs started together">
      <b className={classes.count}>{number === undefined ? `${of} runs` : `${number} of ${of}`}</b>
      {entries.length > MARKS ? (
        <div className={classes.many}>
          <OutcomeBar runs={entries} of={of} />
        </div>
      ) : (
        <>
          <ol className={classes.runs}>
            {entries.map((entry) => (
              <li key={entry.entryId} aria-current={entry === shown ? "true" : undefined}>
                <RunMark entry={entry} />
              </li>
            ))}
          </ol>
          <span className={classes.verdicts} role="status">
            {batch.passed} passed{batch.shown > 0 && `, ${batch.shown} failed on purpose`}
            {batch.notPassed > 0 && <b>, {batch.notPassed} not</b>}
          </span>
        </>
      )}
      {shown === undefined && current !== undefined && <span className={classes.activity}>{current.activity}</span>}
      {shown !== undefined && before?.headline != null && (
        <span className={classes.headline}>Before: {before.headline}</span>
      )}
      {!isInProgress && !isAtEnd && (shown !== undefined || next !== undefined) && (
        <span className={classes.next}>
          <ReasonedButton
            size="compact-sm"
            variant="light"
            hint={takesKeys ? "Space or Page Down" : undefined}
            leftSection={<IconPlayerSkipForward size={14} aria-hidden />}
            onClick={goOn}
          >
            {GOES_ON[next?.at ?? "run"]}
          </ReasonedButton>
        </span>
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
