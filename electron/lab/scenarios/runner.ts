import { randomUUID } from "node:crypto";
import { type Clock, withDeadline } from "../clock.ts";
import { explainFailures } from "../events/explain.ts";
import type { LabEvent, LabEventBody, Outcome } from "../events/lab-event.ts";
import { RunLog } from "../events/run-log.ts";
import { FaultInjector } from "../faults/injector.ts";
import type { History } from "../history/history.ts";
import type { FaultJournal } from "../journal/fault-journal.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import type { Verdict } from "./checks.ts";
import { describeStep } from "./describe.ts";
import { judge } from "./judge.ts";
import type { LoadedScenario } from "./load.ts";
import { planScenario } from "./plan.ts";
import { RunContext } from "./run-context.ts";
import { kindOf, type Scenario, type Step } from "./schema.ts";
import { runStep } from "./steps.ts";
import { watchRun } from "./watch-run.ts";

/** How long the steady state may take to come about, before the method and after the rollback. */
const STEADY_LIMIT_MS = 15_000;
/** No scenario is meant to take longer; one that does would hold the stack for ever. */
const RUN_LIMIT_MS = 30 * 60_000;
/** Halting may be done from another process; the run hears of it through the journal. */
const HALT_LOOK_MS = 100;
const ROLLBACK_LIMIT_MS = 60_000;

export interface RunnerParts {
  stack: RunningStack;
  history: History;
  journal: FaultJournal;
  clock: Clock;
  labVersion: string;
}

export interface RunResult {
  runId: string;
  outcome: Outcome;
  reason: string;
}

/** Why a run ended other than green, thrown from within it. */
class RunStopped extends Error {
  readonly outcome: Outcome;
  constructor(outcome: Outcome, reason: string) {
    super(reason);
    this.outcome = outcome;
  }
}

/**
 * One run: steady state, method, checks, rollback, steady state again. The rollback is done whatever happens before it;
 * a run with residue is never green.
 *
 * @param listen told of every event as it happens
 */
export async function runScenario(
  loaded: LoadedScenario,
  parts: RunnerParts,
  signal: AbortSignal,
  listen: (event: LabEvent) => void,
): Promise<RunResult> {
  const { stack, history, journal, clock } = parts;
  const { scenario } = loaded;
  journal.assertArmed();
  const log = new RunLog({ runId: randomUUID(), clock, record: (event) => history.record(event) });
  log.subscribe(listen);
  history.begin({
    id: log.runId,
    scenarioId: scenario.id,
    scenarioTitle: scenario.title,
    scenarioSource: loaded.source,
    stackSource: stack.stack.source,
    driver: stack.driver.kind,
    without: stack.registered.without,
    startedWallMs: log.startedWallMs,
  });
  const faults = new FaultInjector({ stack, journal, log, clock });
  const context = new RunContext({ stack, log, faults, clock });
  log.append(startedEvent(scenario, parts));
  const watchers = await watchRun(context);
  const halted = new AbortController();
  const halting = setInterval(() => journal.haltedSince() !== undefined && halted.abort(), HALT_LOOK_MS);
  const limited = withDeadline(AbortSignal.any([signal, halted.signal]), RUN_LIMIT_MS);
  let ending = await catchStop(() => methodAndChecks(scenario, context, limited), { signal, halted: halted.signal });
  clearInterval(halting);
  ending = await rollBack(scenario, context, ending);
  await watchers.close();
  log.append({ type: "run.ended", ...ending });
  return { runId: log.runId, ...ending };
}

type Ending = { outcome: Outcome; reason: string };
const GREEN: Ending = { outcome: "passed", reason: "every check held and everything was put back" };

function startedEvent(scenario: Scenario, { stack, labVersion }: RunnerParts): LabEventBody {
  const { id, title, summary, patterns } = scenario;
  return {
    type: "run.started",
    scenario: { id, title, patterns, ...(summary === undefined ? {} : { summary }) },
    driver: stack.driver.kind,
    ...(stack.engine === undefined ? {} : { engine: stack.engine }),
    without: stack.registered.without,
    services: stack.stack.services.map(({ name, role }) => ({ name, role })),
    labVersion,
  };
}

/** What a thing that threw means for the run. */
async function catchStop(
  work: () => Promise<void>,
  { signal, halted }: { signal: AbortSignal; halted: AbortSignal },
): Promise<Ending> {
  try {
    await work();
    return GREEN;
  } catch (error) {
    if (signal.aborted) return { outcome: "cancelled", reason: "cancelled by a person" };
    if (halted.aborted) return { outcome: "cancelled", reason: "everything was halted" };
    if (error instanceof RunStopped) return { outcome: error.outcome, reason: error.message };
    return { outcome: "error", reason: messageOf(error) };
  }
}

async function methodAndChecks(scenario: Scenario, context: RunContext, signal: AbortSignal): Promise<void> {
  const { log } = context;
  log.append({ type: "phase.started", phase: "prepare" });
  assertTargets(scenario, context);
  await resetServices(context, signal);
  log.append({ type: "phase.started", phase: "steady state" });
  const missing = await holdSteady(scenario, context, signal);
  if (missing !== undefined) throw new RunStopped("precondition", `before anything was broken, ${missing}`);
  log.append({ type: "phase.started", phase: "method" });
  const startedMs = log.elapsedMs();
  await doMethod(scenario, context, signal);
  const methodMs = log.elapsedMs() - startedMs;
  log.append({ type: "phase.started", phase: "checks" });
  const failed: Verdict[] = [];
  for (const check of scenario.expect) {
    const verdict = await judge(check, context, methodMs, signal);
    log.append({ type: "check.evaluated", ...verdict });
    if (!verdict.passed) failed.push(verdict);
  }
  await context.proxy?.read();
  flagUnexplained(context);
  const [first] = failed;
  if (first === undefined) return;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
  throw new RunStopped("failed", `${first.check}: expected ${first.expected}; observed ${first.observed}${more}`);
}

/** A target that is not there is found out before anything is broken, not in the middle. */
function assertTargets(scenario: Scenario, { stack }: RunContext): void {
  try {
    planScenario(scenario, stack.stack);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new RunStopped("precondition", error.message);
  }
}

/** A call that failed while nothing was broken on its way failed of something that the lab did not do. */
function flagUnexplained(context: RunContext): void {
  for (const { call, fault } of explainFailures(context.view())) {
    if (fault !== undefined) continue;
    const message = `${call.tool} ended in upstream_error, and no fault of this run explains it`;
    context.log.append({ type: "warning", code: "unexplained-failure", message });
  }
}

/** Runs begin alike: services that can be reset are, so that one run's refunds are not the next one's. */
async function resetServices(context: RunContext, signal: AbortSignal): Promise<void> {
  for (const service of context.stack.stack.services) {
    if (service.reset === undefined) continue;
    const url = context.url(service.name, service.reset);
    const reply = await fetch(url, { method: "POST", signal: withDeadline(signal, STEADY_LIMIT_MS) }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw new RunStopped("precondition", `${service.name} could not be reset: ${messageOf(error)}`);
      },
    );
    if (!reply.ok) {
      throw new RunStopped("precondition", `${service.name} could not be reset: it answered HTTP ${reply.status}`);
    }
  }
}

/** What of the steady state does not hold, in words, or undefined when all of it does within the limit. */
async function holdSteady(scenario: Scenario, context: RunContext, signal: AbortSignal): Promise<string | undefined> {
  const limit = withDeadline(signal, STEADY_LIMIT_MS);
  const { health } = context.stack;
  const missing = await Promise.all(
    scenario.steadyState.map(async ({ service, is }) => {
      try {
        await health.waitFor(service, is, limit);
        return [];
      } catch (error) {
        if (signal.aborted || !limit.aborted) throw error;
        const { status, reason } = health.health(service);
        // What was seen last may be from before the wait, when all was well.
        return [`${service} is ${status === is ? "silent" : `${status} (${reason})`}, expected ${is}`];
      }
    }),
  );
  return missing.flat().length > 0 ? missing.flat().join("; ") : undefined;
}

async function doMethod(scenario: Scenario, context: RunContext, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const background: Promise<void>[] = [];
  let forget = () => {};
  try {
    forget = stopWhenUnsteady(scenario, context, stop);
    for (const [index, step] of scenario.method.entries()) {
      const work = doStep(step, `step-${index + 1}`, context, either);
      if (!step.background) {
        await work;
        continue;
      }
      work.catch((error: unknown) => stop.abort(error));
      background.push(work);
    }
    await Promise.all(background);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(background);
    throw stop.signal.reason;
  } finally {
    forget();
  }
}

/** What of the steady state is to hold throughout ends the method as soon as it does not. */
function stopWhenUnsteady(scenario: Scenario, { stack }: RunContext, stop: AbortController): () => void {
  const throughout = scenario.steadyState.filter((each) => each.throughout);
  return stack.health.onTransition(({ service, to, reason }) => {
    const broken = throughout.find((each) => each.service === service && each.is !== to);
    if (broken === undefined) return;
    const message = `${service} is ${to} (${reason}) in mid-run, expected ${broken.is} throughout`;
    stop.abort(new RunStopped("failed", message));
  });
}

async function doStep(step: Step, id: string, context: RunContext, signal: AbortSignal): Promise<void> {
  const { log } = context;
  const label = describeStep(step);
  log.append({ type: "step.started", step: id, kind: kindOf(step), label, background: step.background ?? false });
  try {
    signal.throwIfAborted();
    const output = await orAbort(runStep(step, context, signal), signal);
    log.append({ type: "step.ended", step: id, outcome: "ok", output });
  } catch (error) {
    const message = messageOf(error);
    log.append({ type: "step.ended", step: id, outcome: signal.aborted ? "cancelled" : "failed", error: message });
    if (signal.aborted) throw signal.reason;
    const outcome = error instanceof LabError && error.code === "residue" ? "residue" : "failed";
    throw new RunStopped(outcome, `${label}: ${message}`);
  }
}

/** A step that is slow to notice its signal does not hold up the run: what it started is put back all the same. */
function orAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", onAbort));
}

/** Undoes all that is in force, then looks whether the stack is as it was. Not to be cancelled: it is the promise. */
async function rollBack(scenario: Scenario, context: RunContext, ending: Ending): Promise<Ending> {
  const { log } = context;
  const signal = AbortSignal.timeout(ROLLBACK_LIMIT_MS);
  log.append({ type: "phase.started", phase: "rollback" });
  const { residue } = await context.faults.undo("all", signal);
  if (residue.length > 0) return { outcome: "residue", reason: `not put back: ${residue.join("; ")}` };
  if (ending.outcome === "precondition") return ending;
  const { wasUndoneOutside } = context.faults;
  if (ending.outcome === "passed" && wasUndoneOutside) return { outcome: "failed", reason: wasUndoneOutside };
  log.append({ type: "phase.started", phase: "steady state after" });
  const missing = await holdSteady(scenario, context, signal).catch(messageOf);
  if (missing === undefined) return ending;
  if (ending.outcome === "passed") return { outcome: "residue", reason: `after the rollback ${missing}` };
  return { ...ending, reason: `${ending.reason}; and after the rollback ${missing}` };
}
