import type { RunAnnotations } from "../../model/annotations.ts";
import { groupedList } from "../../model/brief-text.ts";
import { type CheckResult, resultOf } from "../../model/check-result.ts";
import { formatDuration } from "../../model/duration.ts";
import { explainFailures } from "../../model/explain.ts";
import { headlineOf } from "../../model/headline/headline.ts";
import type { CallOutcome, Decision, Outcome } from "../../model/lab-event.ts";
import { decidedCalls, type RunView } from "../../model/run-view.ts";
import { isOpen, OPEN } from "../../model/span.ts";

/** Times are milliseconds on the run's clock. */
export interface ReportedDecision {
  atMs: number;
  callId: string;
  tool: string;
  decision: Decision;
  reason: string;
  sessionId: string;
  turnId: string;
  backend: string;
  traceId: string;
}

export interface ReportedCall {
  callId: string;
  tool: string;
  arguments: unknown;
  decisions: Decision[];
  /**
   * End of the call, or its last decision where the gateway records no ends. Null for a call that was open when the run
   * ended.
   */
  startMs: number;
  endMs: number | null;
  /** Null where no end was recorded. */
  outcome: CallOutcome | null;
}

/** What was read on one link during the run. */
export interface ReportedLink {
  link: string;
  exchanges: number;
  /** `tools/call` among them. */
  toolCalls: number;
  errors: number;
  /** Of those that have ended. */
  slowestMs: number | null;
}

export interface ReportedStep {
  kind: string;
  label: string;
  outcome: "ok" | "failed" | "cancelled" | "not ended";
  error: string | null;
  startMs: number;
  endMs: number | null;
}

/** The data of a run's report in every format. */
export interface RunReport {
  id: string;
  scenario: string;
  title: string;
  driver: string;
  /** The engine that ran the containers; starts with REMOTE for another machine. Null for processes. */
  engine: string | null;
  /** Name, tags and notes of persons; absent where nothing was written. */
  annotations?: RunAnnotations;
  without: string[];
  /** What happened, in one sentence. */
  headline: string;
  outcome: Outcome;
  reason: string;
  durationMs: number;
  startedAt: string;
  /** Rows of the audit log, in its order. */
  decisions: ReportedDecision[];
  /** One for each `tools/call`, with its decisions. */
  calls: ReportedCall[];
  /** The links whose calls were read; absent without any. */
  links?: ReportedLink[];
  steps: ReportedStep[];
  /** `why` is the reason of an inconclusive check; null for the others. */
  checks: {
    check: string;
    result: CheckResult;
    passed: boolean;
    expected: string;
    observed: string;
    why: string | null;
  }[];
  faults: { kind: string; target: string; result: string; inForceMs: number | null }[];
  /** Calls that failed upstream, each with the fault that caused it. */
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
    headline: headlineOf(view),
    outcome: ended.outcome,
    reason: ended.reason,
    durationMs: Math.round(ended.atMs),
    startedAt: new Date(started.wallMs).toISOString(),
    decisions: view.decisions.map(({ atMs, event: row }) => ({
      atMs: Math.round(atMs),
      callId: row.callId,
      tool: row.tool,
      decision: row.decision,
      reason: row.reason,
      sessionId: row.sessionId,
      turnId: row.turnId,
      backend: row.backend,
      traceId: row.traceId,
    })),
    calls: decidedCalls(view).map((call) => ({
      callId: call.attributes.callId,
      tool: call.name,
      arguments: call.attributes.arguments,
      decisions: call.attributes.decisions.map(({ event }) => event.decision),
      startMs: Math.round(call.startMs),
      endMs: isOpen(call) ? null : Math.round(call.endMs),
      outcome: call.attributes.end?.outcome ?? null,
    })),
    ...(view.wireCalls.length === 0 ? {} : { links: linksOf(view) }),
    steps: view.steps.map(({ name, status, startMs, endMs, attributes }) => ({
      kind: attributes.kind,
      label: name,
      outcome: status === "running" ? "not ended" : status,
      error: attributes.error ?? null,
      startMs: Math.round(startMs),
      endMs: endMs === OPEN ? null : Math.round(endMs),
    })),
    checks: view.checks.map(({ event: check }) => ({
      check: check.check,
      result: resultOf(check),
      passed: check.passed,
      expected: check.expected,
      observed: check.observed,
      why: check.inconclusive ?? null,
    })),
    faults: view.faults.map(({ status, endMs, attributes: { kind, target, appliedMs } }) => ({
      kind,
      target,
      result: endMs === OPEN ? "not undone" : status,
      inForceMs: appliedMs === undefined || endMs === OPEN ? null : Math.round(endMs - appliedMs),
    })),
    failedCalls: explainFailures(view).map(({ call, fault }) => ({
      tool: call.name,
      fault: fault === undefined ? "no fault of this run explains it" : fault.name,
    })),
    warnings: view.warnings.map(({ event }) => event.message),
  };
}

function linksOf({ wireCalls }: RunView): ReportedLink[] {
  const links = Map.groupBy(wireCalls, ({ attributes }) => attributes.link);
  return [...links].map(([link, calls]) => {
    const slowestMs = Math.max(...calls.filter((call) => !isOpen(call)).map(({ startMs, endMs }) => endMs - startMs));
    return {
      link,
      exchanges: calls.length,
      toolCalls: calls.filter(({ attributes }) => attributes.tool !== undefined).length,
      errors: calls.filter(({ status }) => status === "error").length,
      slowestMs: Number.isFinite(slowestMs) ? Math.round(slowestMs) : null,
    };
  });
}

/** `list_recent_charges 5 x (allow, upstream_error), budgetExceeded` */
export function compactDecisions({ decisions }: Pick<RunReport, "decisions">): string {
  return groupedList(decisions.map(({ tool, decision }) => `${tool} ${decision}`));
}

export function summaryLine(reports: readonly RunReport[]): string {
  const passed = reports.filter(({ outcome }) => outcome === "passed").length;
  const totalMs = reports.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const inconclusive = reports.filter(({ outcome }) => outcome === "inconclusive").length;
  const more = inconclusive === 0 ? "" : `, ${inconclusive} inconclusive,`;
  return `${passed}/${reports.length} ${reports.length === 1 ? "run" : "runs"} passed${more} in ${formatDuration(totalMs)}`;
}
