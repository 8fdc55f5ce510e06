import { formatDuration } from "../events/duration.ts";
import { explainFailures } from "../events/explain.ts";
import type { RunView } from "../events/fold.ts";
import type { Outcome } from "../events/lab-event.ts";

/** What every report says of a run, whatever its format. */
export interface RunReport {
  id: string;
  scenario: string;
  title: string;
  driver: string;
  /** Where the containers ran; it begins with REMOTE for another machine. Null for processes. */
  engine: string | null;
  without: string[];
  outcome: Outcome;
  reason: string;
  durationMs: number;
  startedAt: string;
  /** `list_recent_charges allow, upstream_error`: the decisions, a tool named once for those that follow each other. */
  decisions: string;
  checks: { check: string; passed: boolean; expected: string; observed: string }[];
  faults: { kind: string; target: string; result: string; inForceMs: number | null }[];
  /** Calls that failed upstream, each with the fault that it failed of. */
  failedCalls: { tool: string; fault: string }[];
  warnings: string[];
}

/** @throws RangeError for a run that has not ended: it has no verdict to report */
export function toReport(view: RunView): RunReport {
  const { started, ended } = view;
  if (started === undefined || ended === undefined) throw new RangeError("the run has not ended");
  return {
    id: view.runId,
    scenario: started.scenario.id,
    title: started.scenario.title,
    driver: started.driver,
    engine: started.engine ?? null,
    without: started.without,
    outcome: ended.outcome,
    reason: ended.reason,
    durationMs: Math.round(ended.atMs),
    startedAt: new Date(started.wallMs).toISOString(),
    decisions: compactDecisions(view),
    checks: view.checks.map(({ check, passed, expected, observed }) => ({ check, passed, expected, observed })),
    faults: view.faults.map(({ kind, target, result, appliedMs, undoneMs }) => ({
      kind,
      target,
      result: result ?? "not undone",
      inForceMs: appliedMs === undefined || undoneMs === undefined ? null : Math.round(undoneMs - appliedMs),
    })),
    failedCalls: explainFailures(view).map(({ call, fault }) => ({
      tool: call.tool,
      fault: fault === undefined ? "no fault of this run explains it" : `${fault.kind} ${fault.target}`,
    })),
    warnings: view.warnings.map(({ message }) => message),
  };
}

/** From this many alike in a row they are counted instead of repeated. */
const COUNTED_FROM = 3;

export function compactDecisions(view: RunView): string {
  const groups: { word: string; count: number }[] = [];
  let tool = "";
  for (const row of view.decisions) {
    const word = row.tool === tool ? row.decision : `${row.tool} ${row.decision}`;
    const last = groups.at(-1);
    if (last !== undefined && row.tool === tool && last.word.endsWith(row.decision)) last.count++;
    else groups.push({ word, count: 1 });
    tool = row.tool;
  }
  return groups
    .map(({ word, count }) => {
      if (count >= COUNTED_FROM) return `${word} x${count}`;
      const again = word.slice(word.indexOf(" ") + 1);
      return count === 2 ? `${word}, ${again}` : word;
    })
    .join(", ");
}

export function summaryLine(reports: readonly RunReport[]): string {
  const passed = reports.filter(({ outcome }) => outcome === "passed").length;
  const totalMs = reports.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return `${passed}/${reports.length} ${reports.length === 1 ? "run" : "runs"} passed in ${formatDuration(totalMs)}`;
}
