import { formatDuration } from "../../model/duration.ts";
import type { Outcome } from "../../model/lab-event.ts";
import { PAUSE } from "../../model/pause.ts";
import { isOpen } from "../../model/span.ts";
import { AbortScope, orAbort } from "../abort-scope.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { changeApprovalTime } from "../scenarios/approval-time.ts";
import { Inconclusive } from "../scenarios/checks.ts";
import { describeStep } from "../scenarios/describe.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { kindOf, type Scenario, type Step } from "../scenarios/schema.ts";
import { runStep } from "../scenarios/steps.ts";
import { watchSteady } from "../scenarios/watch-steady.ts";
import type { Pace } from "./pace.ts";
import { RunStopped } from "./run-stopped.ts";

/**
 * Runs the steps of a scenario in their order, and watches what must hold throughout.
 * @throws RunStopped when a step could not be done or the steady state broke; the signal's reason when it aborts
 */
export async function doMethod(
  scenario: Scenario,
  context: RunContext,
  signal: AbortSignal,
  pace?: Pace,
): Promise<void> {
  const stop = new AbortScope(signal);
  const background: Promise<void>[] = [];
  let inBackground = 0;
  let endWatch = async () => {};
  try {
    endWatch = watchSteady(scenario.steadyState, context, stop.signal, (why) =>
      stop.abort(new RunStopped("failed", why)),
    );
    for (const [index, step] of scenario.method.entries()) {
      if (pace !== undefined && pace.leftMs > 0) {
        // What a step in the background waits for has limits of its own, but for an approval whose time can stand still.
        const stands = inBackground > 0 && (await holdApprovals(context, stop.signal));
        if (inBackground === 0 || stands)
          await waitBefore(step, `pause-${index + 1}`, context, pace, stop.signal, stands);
      }
      const work = doStep(step, index + 1, context, stop.signal);
      if (!step.background) {
        await work;
        continue;
      }
      inBackground++;
      work.catch((error: unknown) => stop.abort(error)).finally(() => inBackground--);
      background.push(work);
    }
    await Promise.all(background);
    await endWatch();
    stop.signal.throwIfAborted();
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(background);
    throw stop.signal.reason;
  } finally {
    await endWatch();
    stop.end();
  }
}

/** Lets the time of calls that wait for a person stand still; false when none waits, or when their gateway does not do that. */
async function holdApprovals(context: RunContext, signal: AbortSignal): Promise<boolean> {
  return context.view().approvals.some(isOpen) && changeApprovalTime({ stands: true }, context, signal);
}

/** Waits before a step, as a step of its own; the time of faults and of waiting calls stands still meanwhile. */
async function waitBefore(
  step: Step,
  id: string,
  context: RunContext,
  pace: Pace,
  signal: AbortSignal,
  holdsApprovals: boolean,
): Promise<void> {
  const { log, faults } = context;
  log.append({
    type: "step.started",
    step: id,
    kind: PAUSE,
    label: `waits before: ${describeStep(step)}`,
    background: false,
    ...(step.say && { say: step.say }),
  });
  const resume = faults.holdExpiries();
  try {
    const waitedMs = await pace.wait(signal);
    context.waitedMs += waitedMs;
    log.append({ type: "step.ended", step: id, outcome: "ok", output: `waited ${formatDuration(waitedMs)}` });
  } catch (error) {
    log.append({ type: "step.ended", step: id, outcome: "cancelled", error: messageOf(error) });
    throw error;
  } finally {
    resume();
    if (holdsApprovals) await changeApprovalTime({ stands: false }, context, new AbortController().signal);
  }
}

async function doStep(step: Step, number: number, context: RunContext, signal: AbortSignal): Promise<void> {
  const { log } = context;
  const id = `step-${number}`;
  const label = describeStep(step);
  const { background = false, say } = step;
  log.append({ type: "step.started", step: id, kind: kindOf(step), label, background, ...(say && { say }) });
  try {
    signal.throwIfAborted();
    const output = await orAbort(runStep(step, context, signal, number), signal);
    log.append({ type: "step.ended", step: id, outcome: "ok", output });
  } catch (error) {
    const message = messageOf(error);
    log.append({ type: "step.ended", step: id, outcome: signal.aborted ? "cancelled" : "failed", error: message });
    if (signal.aborted) throw signal.reason;
    throw new RunStopped(outcomeOf(error), `${label}: ${message}`);
  }
}

/** Outcome of a run in which a step failed. */
function outcomeOf(error: unknown): Outcome {
  if (error instanceof Inconclusive) return "inconclusive";
  return error instanceof LabError && error.code === "residue" ? "residue" : "failed";
}
