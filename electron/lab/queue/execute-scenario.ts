import type { CheckResult } from "../../model/check-result.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import type { Outcome } from "../../model/outcomes.ts";
import { RunModel } from "../../model/run-model.ts";
import type { QueuedRun } from "../history/queue-store.ts";
import { LabError } from "../lab-error.ts";
import type { LabSession } from "../lab-session.ts";
import { type RunReport, toReport } from "../reports/run-report.ts";
import type { LoadedScenario } from "../scenarios/load.ts";
import { referencesOf } from "../scenarios/references.ts";
import { shippedScenarios } from "../scenarios/shipped.ts";
import type { ResolvedTarget } from "../stacks/resolve-target.ts";
import { ON_REFERENCE_STACK, type RunTarget } from "../stacks/run-target.ts";
import { type AttemptContext, type AttemptEnding, endsBadly } from "./attempt.ts";
import { type ResultStatus, type RunResultBody, summaryOf, toResults } from "./run-result.ts";
import type { ScenarioSpec } from "./run-spec.ts";
import { worstOf } from "./run-states.ts";
import { readScenarios } from "./written-scenario.ts";

export interface ScenarioParts {
  session: LabSession;
  resolve: (target: RunTarget) => Promise<ResolvedTarget>;
  /** Stack files by the names that this worker gives them. */
  stacks: ReadonlyMap<string, string>;
}

/** Brings the stack up, runs the scenario as often as asked for, and takes the stack down or leaves it as it was. */
export async function executeScenario(
  run: QueuedRun,
  spec: ScenarioSpec,
  { signal, addHistoryRun, putResults }: AttemptContext,
  { session, resolve, stacks }: ScenarioParts,
): Promise<AttemptEnding> {
  const scenarios = scenariosOf(spec);
  const target = await resolve(targetOf(spec, stacks));
  const breaksLinks = scenarios.some(({ scenario }) => referencesOf(scenario).some(({ kind }) => kind === "link"));
  const runs = Array.from({ length: spec.repeats }, (_, index) =>
    scenarios.map((loaded) => ({ loaded, repeat: index + 1 })),
  ).flat();
  const reports: RunReport[] = [];
  const all: ReturnType<typeof toResults> = [];
  await session.stacks.use(target, { signal, listen: () => {}, breaksLinks }, async (open) => {
    for (const { loaded, repeat } of runs) {
      // A run that was stopped and could not restore everything is the end of all.
      if (signal.aborted && reports.some((report) => endsBadly(report.outcome))) break;
      signal.throwIfAborted();
      const events: LabEvent[] = [];
      const noted: Promise<void>[] = [];
      const listen = (event: LabEvent) => {
        events.push(event);
        if (events.length > 1) return;
        const adding = addHistoryRun(event.runId);
        // Its failure is awaited below, once the run has restored what it broke.
        adding.catch(() => {});
        noted.push(adding);
      };
      await session.run(loaded, open, { ...open.target, keepRaw: false, signal, listen });
      await Promise.all(noted);
      const report = toReport(RunModel.of(events));
      reports.push(report);
      const results = toResults(run.runId, `${loaded.scenario.id}#${repeat}`, resultsOf(report));
      all.push(...results);
      await putResults(results);
    }
  });
  const outcome = worstOf(reports.map((report) => report.outcome));
  const reason = reports.find((report) => report.outcome === outcome)?.reason ?? "";
  const errors = reports.filter((report) => statusOf(report.outcome) === "errored").map((report) => report.reason);
  return { outcome, reason, summary: summaryOf(all, { trace_count: reports.length, errors }) };
}

/** @throws DocumentError, or LabError for an id that no shipped scenario has */
function scenariosOf({ scenario }: ScenarioSpec): LoadedScenario[] {
  // A worker reads no files of those who submit runs.
  if (typeof scenario !== "string") return readScenarios({ ...scenario, sha256: undefined });
  const found = shippedScenarios().filter((each) => each.scenario.id === scenario);
  if (found.length > 0) return found;
  throw new LabError("bad-input", `no shipped scenario has the id "${scenario}"`, {
    hint: "give its text as `scenario: {source}`",
  });
}

function targetOf({ stack, without, acceptExisting }: ScenarioSpec, stacks: ReadonlyMap<string, string>): RunTarget {
  const conditions = { without: [...new Set(without)].sort(), acceptExisting, ports: "auto", keep: false } as const;
  const onDocker = { driver: "docker", engine: { by: "environment", allowRemote: false } } as const;
  if (stack.kind === "open") throw new LabError("bad-input", "this worker has no window with an open stack");
  if (stack.kind === "project") {
    return { ...conditions, ...onDocker, source: { is: "project", project: stack.project }, start: "attach" };
  }
  if (stack.kind === "named") {
    const file = stacks.get(stack.name);
    if (file === undefined) throw new LabError("bad-input", `this worker has no stack "${stack.name}"`);
    return { ...conditions, source: { is: "compose file", file }, driver: "process", start: "bring up" };
  }
  if (stack.driver === "process") return { ...ON_REFERENCE_STACK, ...conditions, driver: "process" };
  return { ...conditions, ...onDocker, source: { is: "reference" }, start: "bring up" };
}

export function resultsOf(report: RunReport): { evaluator: string; body: RunResultBody }[] {
  const body = (more: Partial<RunResultBody> & Pick<RunResultBody, "evaluatorType" | "status">): RunResultBody => ({
    score: null,
    perInvocationScores: [],
    traceId: null,
    details: { historyRun: report.id },
    errorText: null,
    latencyMs: null,
    ...more,
  });
  const { outcome, reason, durationMs } = report;
  const status = statusOf(outcome);
  const errorText = status === "errored" ? reason : null;
  return [
    { evaluator: "outcome", body: body({ evaluatorType: "outcome", status, errorText, latencyMs: durationMs }) },
    ...report.checks.map(({ check, result, expected, observed, why }) => ({
      evaluator: check,
      body: body({
        evaluatorType: "check",
        status: CHECK_STATUS[result],
        score: result === "passed" ? 1 : 0,
        details: { historyRun: report.id, expected, observed },
        errorText: why,
      }),
    })),
  ];
}

const CHECK_STATUS: { readonly [Each in CheckResult]: ResultStatus } = {
  passed: "passed",
  failed: "failed",
  inconclusive: "errored",
};

function statusOf(outcome: Outcome): ResultStatus {
  if (outcome === "passed" || outcome === "failed") return outcome;
  return outcome === "cancelled" ? "skipped" : "errored";
}
