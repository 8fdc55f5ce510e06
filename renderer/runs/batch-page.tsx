import { IconArrowsDiff, IconDownload, IconFileExport, IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { endedAsExpected } from "../../electron/contract/runs.ts";
import { ExportRuns } from "../history/export-runs.tsx";
import { useBundles } from "../history/use-bundles.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute, MOST_COMPARED } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { OutcomeBar } from "../ui/outcome-bar.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { clockTime } from "../ui/times.ts";
import { BatchGrid, BatchOutcome, WhatHappened } from "./batch-grid.tsx";
import classes from "./batch-page.module.css";
import { type BatchRun, type BatchGrid as Grid, gridOf, runsOfBatch } from "./batch-runs-of.ts";
import { useStoredBatch } from "./use-batch.ts";

/** What became of runs that were started together: those that did not end as asked first. */
export default function BatchPage({ batchId }: { batchId: string }) {
  const queue = useLab((state) => state.lab?.queue);
  const { runs: stored, failure } = useStoredBatch(batchId);
  const live = [...(queue?.active ?? []), ...(queue?.ended ?? [])].filter(({ batch }) => batch.id === batchId);
  const runs = runsOfBatch(live, stored ?? []);
  if (runs.length > 0) return <Result runs={runs} startedWallMs={stored?.at(-1)?.startedWallMs} />;
  if (failure !== undefined) return <Failure title="The runs could not be loaded" text={failure} />;
  if (stored === undefined) return <Loading what="Loading the runs" />;
  return (
    <Empty title="None of these runs is in the history">
      They may have been deleted. <a href={formatRoute({ at: "history" })}>Open the history</a>
    </Empty>
  );
}

function isAsExpected({ outcome, batch }: BatchRun): boolean {
  return endedAsExpected(outcome, batch.showsFailure);
}

function isUnexpected(run: BatchRun): boolean {
  return run.state === "ended" && !isAsExpected(run);
}

function Result({ runs, startedWallMs }: { runs: readonly BatchRun[]; startedWallMs: number | undefined }) {
  const of = runs[0]?.batch.of ?? 0;
  const done = runs.filter(({ state }) => state === "ended");
  const asExpected = done.filter(isAsExpected);
  const others = done.filter(isUnexpected);
  const grid = gridOf(runs, isUnexpected);
  const missing = of - runs.length;
  return (
    <div className={classes.page}>
      <header>
        <h1>
          {asExpected.length} of {of} runs ended as expected
          {startedWallMs !== undefined && <small>{clockTime(startedWallMs, Date.now())}</small>}
        </h1>
        <OutcomeBar runs={runs} of={of} />
        {missing > 0 && <p>{missing === 1 ? "1 has" : `${missing} have`} not started, or been deleted.</p>}
      </header>
      <Actions runs={runs} unexpected={others} grid={grid} />
      {grid !== undefined && <BatchGrid grid={grid} />}
      {grid === undefined && others.length > 0 && <Runs title="Not as expected" runs={others} />}
      {grid === undefined && done.length < runs.length && (
        <Runs title="Not ended yet" runs={runs.filter(({ state }) => state !== "ended")} />
      )}
      {grid === undefined && asExpected.length > 0 && <Runs title="As expected" runs={asExpected} />}
    </div>
  );
}

interface ActionsProps {
  runs: readonly BatchRun[];
  unexpected: readonly BatchRun[];
  grid: Grid | undefined;
}

function Actions({ runs, unexpected, grid }: ActionsProps) {
  const actions = useLabActions();
  const bundles = useBundles();
  const cannotRun = useLab(whyNotRun);
  const [isExporting, setExporting] = useState(false);
  const done = runs.filter(({ state }) => state === "ended");
  const runIds = done.flatMap(({ runId }) => runId ?? []);
  const again = [...new Set(unexpected.map(({ scenarioId }) => scenarioId))];
  // Of two columns the second has whatever protection each scenario is about.
  const without = (grid?.columns.length ?? 0) > 2 ? [...new Set(runs.flatMap((run) => run.without))] : [];
  const isOver = done.length === runs.length;
  const noRuns = isOver
    ? runIds.length === 0
      ? "None of the runs has started"
      : undefined
    : "The runs are in progress";
  const exports = [
    { label: "Export", hint: "All runs as one bundle", onClick: () => setExporting(true) },
    {
      label: "JUnit",
      hint: "One file for CI servers, a test case for each run",
      onClick: () => void bundles.exportReport(runIds, "junit"),
    },
    {
      label: "Markdown",
      hint: "A table and the reasons, as Markdown",
      onClick: () => void bundles.exportReport(runIds, "markdown"),
    },
  ];
  return (
    <div className={classes.actions}>
      <ReasonedButton
        variant={again.length > 0 ? "light" : "default"}
        leftSection={<IconRefresh size={14} aria-hidden />}
        disabledBecause={noRuns ?? (again.length === 0 ? "Every run ended as expected" : cannotRun)}
        hint={
          grid === undefined
            ? "Run the scenarios again whose runs did not end as expected, with every protection"
            : "Run the scenarios again of which a run did not end as expected, with and without protections"
        }
        onClick={() => void actions.start(again, { without, matrix: grid !== undefined })}
      >
        Run {again.length === 0 ? "failures" : `${again.length}`} again
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconArrowsDiff size={14} aria-hidden />}
        disabledBecause={noRuns ?? whyNotCompare(runIds.length)}
        onClick={() => goTo({ at: "compare-sets", left: runIds, right: [] })}
      >
        Compare
      </ReasonedButton>
      {exports.map((each, at) => (
        <ReasonedButton
          key={each.label}
          variant="default"
          leftSection={at === 0 ? <IconDownload size={14} aria-hidden /> : <IconFileExport size={14} aria-hidden />}
          disabledBecause={noRuns ?? bundles.whyNot}
          hint={each.hint}
          onClick={each.onClick}
        >
          {each.label}
        </ReasonedButton>
      ))}
      <ExportRuns runIds={isExporting ? runIds : []} onClose={() => setExporting(false)} />
    </div>
  );
}

function whyNotCompare(runs: number): string | undefined {
  if (runs < 2) return "There is one run";
  return runs > MOST_COMPARED ? `At most ${MOST_COMPARED} runs can be compared` : undefined;
}

function Runs({ title, runs }: { title: string; runs: readonly BatchRun[] }) {
  return (
    <section className={classes.runs} aria-label={title}>
      <h2>
        {title} ({runs.length})
      </h2>
      <ul>
        {runs.map((run) => (
          <li key={run.batch.number}>
            <BatchOutcome run={run} />
            <div>
              {run.runId === null ? (
                <b>{run.scenarioTitle}</b>
              ) : (
                <a href={formatRoute({ at: "run", runId: run.runId })}>{run.scenarioTitle}</a>
              )}
              {run.without.length > 0 && <span> without {run.without.join(", ")}</span>}
              <WhatHappened run={run} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
