import { IconArrowsDiff, IconDownload, IconFileExport, IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import { endedAsExpected, type QueueEntry } from "../../electron/contract/runs.ts";
import type { Outcome } from "../../electron/model/lab-event.ts";
import { ExportRuns } from "../history/export-runs.tsx";
import { useBundles } from "../history/use-bundles.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { OUTCOME_LOOKS, OutcomeBadge } from "../ui/outcome.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { toneVariable } from "../ui/tone-mark.tsx";
import classes from "./batch-page.module.css";

/** What became of runs that were started together: those that did not end as asked first. */
export default function BatchPage({ batchId }: { batchId: string }) {
  const queue = useLab((state) => state.lab?.queue);
  if (queue === undefined) return <Loading what="Loading the runs" />;
  const entries = [...queue.active, ...queue.ended]
    .filter(({ batch }) => batch.id === batchId)
    .sort((a, b) => a.batch.number - b.batch.number);
  if (entries.length === 0) {
    return (
      <Empty title="These runs are in the history">
        Their result as one is kept until the lab ends. <a href={formatRoute({ at: "history" })}>Open the history</a>
      </Empty>
    );
  }
  return <Result entries={entries} />;
}

function Result({ entries }: { entries: readonly QueueEntry[] }) {
  const actions = useLabActions();
  const bundles = useBundles();
  const cannotRun = useLab(whyNotRun);
  const [isExporting, setExporting] = useState(false);
  const of = entries[0]?.batch.of ?? 0;
  const done = entries.filter(({ state }) => state === "ended");
  const asExpected = done.filter(endedAsExpected);
  const others = done.filter((entry) => !endedAsExpected(entry));
  const runIds = done.flatMap(({ runId }) => runId ?? []);
  const isOver = done.length === entries.length;
  const again = [...new Set(others.map(({ scenarioId }) => scenarioId))];
  const noRuns = isOver
    ? runIds.length === 0
      ? "None of the runs has started"
      : undefined
    : "The runs are in progress";
  return (
    <div className={classes.page}>
      <header>
        <h1>
          {asExpected.length} of {of} runs ended as expected
        </h1>
        <Bar entries={entries} of={of} />
      </header>
      <div className={classes.actions}>
        <ReasonedButton
          variant={others.length > 0 ? "light" : "default"}
          leftSection={<IconRefresh size={14} aria-hidden />}
          disabledBecause={noRuns ?? (others.length === 0 ? "Every run ended as expected" : cannotRun)}
          hint="Run the scenarios again whose runs did not end as expected, with every protection"
          onClick={() => void actions.start(again, { without: [] })}
        >
          Run {others.length === 0 ? "failures" : `${again.length}`} again
        </ReasonedButton>
        <ReasonedButton
          variant="default"
          leftSection={<IconArrowsDiff size={14} aria-hidden />}
          disabledBecause={noRuns ?? (runIds.length < 2 ? "There is one run" : undefined)}
          onClick={() => goTo({ at: "compare-sets", left: runIds, right: [] })}
        >
          Compare
        </ReasonedButton>
        <ReasonedButton
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          disabledBecause={noRuns ?? bundles.whyNot}
          hint="All runs as one bundle"
          onClick={() => setExporting(true)}
        >
          Export
        </ReasonedButton>
        <ReasonedButton
          variant="default"
          leftSection={<IconFileExport size={14} aria-hidden />}
          disabledBecause={noRuns ?? bundles.whyNot}
          hint="One file for CI servers, a test case for each run"
          onClick={() => void bundles.exportReport(runIds, "junit")}
        >
          JUnit
        </ReasonedButton>
        <ReasonedButton
          variant="default"
          leftSection={<IconFileExport size={14} aria-hidden />}
          disabledBecause={noRuns ?? bundles.whyNot}
          hint="A table and the reasons, as Markdown"
          onClick={() => void bundles.exportReport(runIds, "markdown")}
        >
          Markdown
        </ReasonedButton>
        <ExportRuns runIds={isExporting ? runIds : []} onClose={() => setExporting(false)} />
      </div>
      {others.length > 0 && <Runs title="Not as expected" entries={others} />}
      {!isOver && <Runs title="Not ended yet" entries={entries.filter(({ state }) => state !== "ended")} />}
      {asExpected.length > 0 && <Runs title="As expected" entries={asExpected} />}
    </div>
  );
}

/** A stretch for each run in their order, in the colour of its outcome. */
function Bar({ entries, of }: { entries: readonly QueueEntry[]; of: number }) {
  const counts = new Map<Outcome | "running", number>();
  for (const { outcome } of entries) counts.set(outcome ?? "running", (counts.get(outcome ?? "running") ?? 0) + 1);
  const said = [...counts].map(([outcome, count]) => `${count} ${OUTCOME_LOOKS[outcome].word.toLowerCase()}`);
  return (
    <div className={classes.sum}>
      <div className={classes.bar} role="img" aria-label={`Of ${of} runs: ${said.join(", ")}`}>
        {entries.map(({ entryId, outcome }) => (
          <span
            key={entryId}
            style={{ background: `var(${toneVariable(OUTCOME_LOOKS[outcome ?? "running"].tone)})` }}
          />
        ))}
      </div>
      <span aria-hidden>{said.join(", ")}</span>
    </div>
  );
}

function Runs({ title, entries }: { title: string; entries: readonly QueueEntry[] }) {
  return (
    <section className={classes.runs} aria-label={title}>
      <h2>
        {title} ({entries.length})
      </h2>
      <ul>
        {entries.map(({ entryId, runId, scenarioTitle, without, outcome, headline, reason, state, batch }) => (
          <li key={entryId}>
            <OutcomeBadge outcome={outcome ?? (state === "running" ? "running" : undefined)} />
            <div>
              {runId === null ? (
                <b>{scenarioTitle}</b>
              ) : (
                <a href={formatRoute({ at: "run", runId })}>{scenarioTitle}</a>
              )}
              {without.length > 0 && <span> without {without.join(", ")}</span>}
              {batch.showsFailure && <span>, to show the failure</span>}
              {headline !== null && <p>{headline}</p>}
              {headline === null && reason !== null && (
                <p>
                  <BriefText text={reason} of={scenarioTitle} />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
