import type { HistoryPage } from "../../../contract/history.ts";
import { kindOfRun, type RunKind } from "../../../contract/runs.ts";
import { visibleLine } from "../../../model/visible-text.ts";
import type { RunPage, StoredRun } from "../../history/run-store.ts";

/** A run as the page shows it: a title from someone else's file hides and reorders nothing. */
export function withKind<Run extends StoredRun>(run: Run): Run & { kind: RunKind } {
  return {
    ...run,
    scenarioTitle: visibleLine(run.scenarioTitle),
    kind: kindOfRun(run.scenarioId),
  };
}

/** @param limit beyond which runs are trimmed */
export function toHistoryPage(page: RunPage, limit: number): HistoryPage {
  return { ...page, runs: page.runs.map(withKind), retention: { ...page.retention, limit } };
}
