import { randomUUID } from "node:crypto";
import type { BatchPlace } from "../../contract/runs.ts";
import { resultOf } from "../../model/check-result.ts";
import { explainFailures } from "../../model/explain.ts";
import type { LabEvent, LabEventBody } from "../../model/lab-event.ts";
import { EVENT_VERSION } from "../../model/upgrade.ts";
import { AbortScope, isAbortOf, orAbort, within } from "../abort-scope.ts";
import type { Clock } from "../clock.ts";
import { RunLog } from "../events/run-log.ts";
import { FaultInjector } from "../faults/injector.ts";
import type { RunStore } from "../history/run-store.ts";
import type { FaultJournal } from "../journal/fault-journal.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { recordingOf } from "../redaction/run-recording.ts";
import { describeVerdict, type Verdict } from "../scenarios/checks.ts";
import { impliedFaultHits } from "../scenarios/fault-hit.ts";
import { judge } from "../scenarios/judge.ts";
import type { LoadedScenario } from "../scenarios/load.ts";
import { OBSERVE_MS, observedLinks } from "../scenarios/observed-links.ts";
import { loadMcpSession, opensSessions } from "../scenarios/opens-sessions.ts";
import { planScenario } from "../scenarios/plan.ts";
import { type Cast, onStack } from "../scenarios/roles.ts";
import { RunContext } from "../scenarios/run-context.ts";
import type { Scenario } from "../scenarios/schema.ts";
import { noteDropped } from "../scenarios/settle-decisions.ts";
import { holdSteady } from "../scenarios/steady-state.ts";
import { describeDecisions } from "../stacks/decisions-spec.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { isProxied, linkNamed } from "../stacks/stack-file.ts";
import type { StrayErrors } from "../stray-errors.ts";
import { RunTraces } from "../telemetry/run-traces.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { withApprover } from "./approver.ts";
import { doMethod } from "./do-method.ts";
import { LeavesOpen } from "./leaves-open.ts";
import { type Pace, WAITS_AT_MOST_MS } from "./pace.ts";
import { resetServices } from "./reset-services.ts";
import { ResidueCheck } from "./residue.ts";
import { type RunPolicy, SCENARIO_POLICY, SUITE_POLICY } from "./run-policy.ts";
import { type Ending, endingWithout, isOpen, RunStopped } from "./run-stopped.ts";
import { RunStops } from "./run-stops.ts";
import { Watchers, watchRun } from "./watch-run.ts";

const ROLLBACK_LIMIT_MS = 90_000;
/** Time for the rollback to report its result after its time limit. */
const REPORT_LIMIT_MS = 5_000;

export interface RunnerParts {
  stack: RunningStack;
  history: RunStore;
  journal: FaultJournal;
  clock: Clock;
  labVersion: string;
  /** Errors of this process that nothing has awaited: the run in progress ends as `error`. */
  strays: StrayErrors;
  /** What services send of the run; absent where nothing is received. */
  telemetry?: Telemetry;
  /** Accepts existing damage, and names it in the log, instead of refusing to run. */
  acceptExisting?: boolean;
  /** Records the run unredacted, including secrets; it can then not be exported. */
  keepRaw?: boolean;
  /** Waits before its steps. */
  pace?: Pace | undefined;
  /** Whether a person watches, who can be asked to decide. */
  isAttended?: boolean | undefined;
  /** Which of the runs that were requested together it is. */
  batch?: BatchPlace | undefined;
}

export interface RunResult extends Ending {
  runId: string;
}

/** What one run does, and how. */
export interface RunPlan {
  /** Its method is run by {@link RunPlan.method}; its steady state and checks by the runner. */
  scenario: Scenario;
  /** Which service stands for each role that it names. */
  roles?: Cast;
  /** The text of its file, stored with the run. */
  source: string;
  policy: RunPolicy;
  /** The reason of a run that passes. */
  passedReason: string;
  /** @throws RunStopped, or the reason of `signal` when it aborts: the runner undoes the faults in force */
  method: (context: RunContext, signal: AbortSignal) => Promise<void>;
}

/** A run of a scenario's own steps, see {@link carryOut}. */
export async function runScenario(
  { scenario: written, source }: LoadedScenario,
  parts: RunnerParts,
  signal: AbortSignal,
  listen: (event: LabEvent) => void,
): Promise<RunResult> {
  // What the stack has nothing for is refused before the steady state, so that such a run is recorded too.
  const { scenario, roles } = onStack(written, parts.stack.stack);
  const isSuite = scenario.reading === "toolgate";
  const steps: RunPlan["method"] = (context, limit) => doMethod(scenario, context, limit, parts.pace);
  const plan: RunPlan = {
    scenario,
    roles,
    source,
    policy: isSuite ? SUITE_POLICY : SCENARIO_POLICY,
    passedReason: "every check passed and everything was restored",
    method: isSuite ? (context, limit) => withApprover(context, limit, () => steps(context, limit)) : steps,
  };
  if (opensSessions(scenario)) await loadMcpSession();
  return carryOut(plan, parts, signal, listen);
}

/**
 * Carries out one run: steady state, method, checks, rollback, steady state again. The rollback always runs; a run with
 * residue never passes. A run that has started always ends, whatever throws in it.
 *
 * @param listen called with every event as it happens, in the form in which it is recorded
 * @throws LabError while faults are halted, or when the start or the end of the run cannot be recorded
 */
export async function carryOut(
  plan: RunPlan,
  parts: RunnerParts,
  signal: AbortSignal,
  listen: (event: LabEvent) => void,
): Promise<RunResult> {
  const { stack, history, journal, clock } = parts;
  const { scenario, policy } = plan;
  journal.assertArmed();
  const without = stack.protectionsOff();
  const { keepRaw = false } = parts;
  const files = { scenarioTitle: scenario.title, scenarioSource: plan.source, stackSource: stack.source };
  const environments = stack.stack.services.map(({ environment }) => environment);
  const { redact, redactTelemetry, ...recorded } = recordingOf({ ...files, environments }, keepRaw);
  const log = new RunLog({
    runId: randomUUID(),
    clock,
    record: (event) => history.append(event),
    recordEnd: (event) => history.end(event),
    redact,
  });
  log.subscribe(listen);
  await history.begin({
    ...recorded,
    id: log.runId,
    scenarioId: scenario.id,
    driver: stack.driver.kind,
    without,
    startedWallMs: log.startedWallMs,
    isRaw: keepRaw,
    batch: parts.batch,
  });
  const { runId, startedWallMs } = log;
  const joining = parts.telemetry?.join({ runId, startedWallMs, store: history, redact: redactTelemetry });
  log.subscribe((event) => {
    if ("traceId" in event && event.traceId) joining?.knows(event.traceId);
  });
  const postponesMs = parts.pace === undefined ? 0 : WAITS_AT_MOST_MS;
  const faults = new FaultInjector({ stack, journal, log, clock, postponesMs });
  const traces = new RunTraces(runId, (traceId) => joining?.knows(traceId));
  const context = new RunContext({
    ...{ stack, log, faults, clock, traces },
    reading: scenario.reading,
    isAttended: parts.isAttended,
    roles: plan.roles,
  });
  const residue = new ResidueCheck(context, journal, {
    ...policy,
    acceptsExisting: policy.acceptsDamage || (parts.acceptExisting ?? false),
  });
  const leavesOpen = scenario.leavesOpen === undefined ? undefined : new LeavesOpen(context);
  log.append(startedEvent(plan, parts));
  const watchers = new Watchers();
  const stops = new RunStops(signal, parts, policy.limitMs);
  try {
    let ending = await endingOf(plan.passedReason, stops.signal, async () => {
      await orAbort(watchRun(context, plan, watchers), stops.signal);
      await methodAndChecks(plan, context, { residue, leavesOpen }, stops);
    });
    ending = await rollBack(scenario, context, { residue, leavesOpen }, ending);
    const problems = await watchers.close();
    if (stops.unexpected !== undefined) problems.push(stops.unexpected);
    ending = endingWith(problems, ending, log);
    const { outcome, reason } = await log.end(ending);
    return { runId: log.runId, outcome, reason };
  } finally {
    stops.end();
    if (joining !== undefined) parts.telemetry?.ended(joining, clock.wallMs());
  }
}

function startedEvent(
  { scenario, roles = {} }: RunPlan,
  { stack, labVersion, keepRaw, pace }: RunnerParts,
): LabEventBody {
  const { id, title, summary, opening, closing, patterns } = scenario;
  const { decisions } = stack.stack;
  return {
    type: "run.started",
    eventVersion: EVENT_VERSION,
    scenario: {
      id,
      title,
      patterns,
      ...(summary && { summary }),
      ...(opening && { opening }),
      ...(closing && { closing }),
    },
    driver: stack.driver.kind,
    ...(stack.engine === undefined ? {} : { engine: stack.engine }),
    without: stack.protectionsOff(),
    services: stack.stack.services.map(({ name, role }) => ({ name, role })),
    links: stack.stack.links.map(({ name }) => name),
    ...(decisions === undefined ? {} : { decisionsFrom: describeDecisions(decisions) }),
    ...(Object.keys(roles).length === 0 ? {} : { roles }),
    project: stack.stack.project,
    labVersion,
    ...(keepRaw ? { raw: true } : {}),
    ...(pace === undefined ? {} : { paced: true }),
  };
}

/** The ending by the result or the error of `work`. Only an error that the abort itself throws is a cancellation. */
async function endingOf(passedReason: string, signal: AbortSignal, work: () => Promise<void>): Promise<Ending> {
  try {
    await work();
    return { outcome: "passed", reason: passedReason };
  } catch (error) {
    const cause = isAbortOf(signal, error) ? signal.reason : error;
    if (cause instanceof RunStopped) return { outcome: cause.outcome, reason: cause.message };
    if (signal.aborted && cause === signal.reason) return { outcome: "cancelled", reason: "cancelled by a person" };
    return { outcome: "error", reason: messageOf(error) };
  }
}

/** A failure beside the run itself, such as a watcher that could not be closed, keeps it from passing. */
function endingWith(problems: readonly string[], ending: Ending, log: RunLog): Ending {
  const [first] = problems.filter((problem) => problem !== ending.reason);
  if (first === undefined) return ending;
  for (const message of problems) log.append({ type: "warning", code: "unexpected-error", message });
  return isOpen(ending) ? { outcome: "error", reason: first } : ending;
}

/** What is read before the method and compared after the rollback. */
interface BeforeAndAfter {
  residue: ResidueCheck;
  /** Where the scenario demands it. */
  leavesOpen: LeavesOpen | undefined;
}

async function methodAndChecks(
  { scenario, method, policy }: RunPlan,
  context: RunContext,
  { residue, leavesOpen }: BeforeAndAfter,
  stops: RunStops,
): Promise<void> {
  const { log } = context;
  const { signal } = stops;
  log.append({ type: "phase.started", phase: "prepare" });
  assertTargets(scenario, context);
  const broken = await orAbort(residue.before(), signal);
  if (broken !== undefined) throw new RunStopped("precondition", broken);
  if (policy.resetsServices) await resetServices(context, policy, residue, signal);
  await observeLinks(scenario, context, signal);
  log.append({ type: "phase.started", phase: "steady state" });
  await leavesOpen?.before(signal);
  const missing = await holdSteady(scenario.steadyState, context, signal);
  await leavesOpen?.before(signal);
  if (missing !== undefined) throw new RunStopped("precondition", `before anything was broken, ${missing}`);
  // The effects of the steady state's own calls must not affect the checks.
  const hasCalled = scenario.steadyState.some((steady) => "call" in steady);
  if (policy.resetsServices && hasCalled) await resetServices(context, policy, residue, signal);
  await noteDropped(context, signal);
  log.append({ type: "phase.started", phase: "method" });
  const startedMs = log.elapsedMs();
  await method(context, signal);
  // The method may have ended because a halt has undone all faults.
  stops.checkNow();
  const methodMs = log.elapsedMs() - startedMs - context.waitedMs;
  log.append({ type: "phase.started", phase: "checks" });
  const verdicts: Verdict[] = [];
  for (const check of [...scenario.expect, ...impliedFaultHits(scenario)]) {
    const verdict = await orAbort(judge(check, context, methodMs, signal), signal);
    log.append({ type: "check.evaluated", ...verdict });
    verdicts.push(verdict);
  }
  await orAbort(context.readHits(), signal);
  if (!residue.hasAccepted) flagUnexplained(context);
  for (const outcome of ["failed", "inconclusive"] as const) {
    const [first, ...more] = verdicts.filter((verdict) => resultOf(verdict) === outcome);
    if (first === undefined) continue;
    const text = describeVerdict(first);
    throw new RunStopped(outcome, more.length > 0 ? `${text} (and ${more.length} more)` : text);
  }
}

/** Before the steady state, whose calls then find out that their callers' connections were reset. */
async function observeLinks(scenario: Scenario, { stack, faults }: RunContext, signal: AbortSignal): Promise<void> {
  for (const { link } of observedLinks(scenario)) {
    if (isProxied(linkNamed(stack.stack, link))) continue;
    try {
      await faults.apply({ observe: link, for: OBSERVE_MS }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new RunStopped("precondition", `${link} could not be observed: ${messageOf(error)}`);
    }
  }
}

/** Reports a missing target before anything is broken. */
function assertTargets(scenario: Scenario, { stack }: RunContext): void {
  try {
    planScenario(scenario, stack.stack, stack.driver.kind);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new RunStopped("precondition", error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
  }
}

/** Warns of failed calls that no fault of this run explains. */
function flagUnexplained(context: RunContext): void {
  for (const { call, fault } of explainFailures(context.view())) {
    if (fault !== undefined) continue;
    const message = `${call.name} ended in upstream_error, and no fault of this run explains it`;
    context.log.append({ type: "warning", code: "unexplained-failure", message });
  }
}

/**
 * Undoes all faults in force, then checks that the stack is as before. Cannot be cancelled, but has a time limit, after
 * which it reports what is still in force.
 */
async function rollBack(
  scenario: Scenario,
  context: RunContext,
  compared: BeforeAndAfter,
  ending: Ending,
): Promise<Ending> {
  const uncancelled = new AbortController().signal;
  const limit = new AbortScope(uncancelled, ROLLBACK_LIMIT_MS);
  try {
    const restoring = restore(scenario, context, compared, ending, limit.signal);
    return await within(uncancelled, ROLLBACK_LIMIT_MS + REPORT_LIMIT_MS, () => restoring);
  } catch (error) {
    const why = `the rollback failed: ${messageOf(error)}`;
    const left = context.faults.inForce().map(({ kind, target }) => `${kind} ${target}`);
    if (left.length > 0) return { outcome: "residue", reason: `not restored: ${left.join(", ")}; ${why}` };
    return { outcome: "error", reason: ending.outcome === "passed" ? why : `${ending.reason}; and ${why}` };
  } finally {
    limit.end();
  }
}

async function restore(
  scenario: Scenario,
  context: RunContext,
  { residue, leavesOpen }: BeforeAndAfter,
  ending: Ending,
  signal: AbortSignal,
): Promise<Ending> {
  const { log } = context;
  log.append({ type: "phase.started", phase: "rollback" });
  const notUndone = (await context.faults.undo("all", signal)).residue;
  if (notUndone.length > 0) return { outcome: "residue", reason: `not restored: ${notUndone.join("; ")}` };
  // Nothing to compare; who removed it knows.
  if (context.stack.isGone) return isOpen(ending) ? endingWithout(context.stack.stack.project) : ending;
  // The method did not start: the stack is unchanged.
  if (!context.view().phases.some(({ attributes }) => attributes.phase === "method")) return ending;
  const { flaws } = context.faults;
  if (isOpen(ending) && flaws.length > 0) ending = { outcome: "failed", reason: flaws.join("; ") };
  log.append({ type: "phase.started", phase: "steady state after" });
  const { proxy } = context;
  // Without its proxy every link of the stack is down.
  const isProxyDown = proxy !== undefined && !(await proxy.read());
  const links: Scenario["steadyState"] = isProxyDown ? [{ service: proxy.service, is: "up" }] : [];
  const missing = await holdSteady([...scenario.steadyState, ...links], context, signal).catch(messageOf);
  ending = (await leavesOpen?.judge(ending, signal)) ?? ending;
  const { left, unread } = await residue.after();
  const after = missing === undefined ? [] : [`after the rollback ${missing}`];
  const found = [...left, ...after, ...unread].join("; ");
  if (found === "") return ending;
  const reason = ending.outcome === "passed" ? found : `${ending.reason}; and ${found}`;
  if (left.length > 0 || (after.length > 0 && isOpen(ending))) return { outcome: "residue", reason };
  return { outcome: isOpen(ending) ? "inconclusive" : ending.outcome, reason };
}
