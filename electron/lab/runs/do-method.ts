import type { Outcome } from "../../model/lab-event.ts";
import { AbortScope, orAbort } from "../abort-scope.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { Inconclusive } from "../scenarios/checks.ts";
import { describeStep } from "../scenarios/describe.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { kindOf, type Scenario, type Step } from "../scenarios/schema.ts";
import { watchSteady } from "../scenarios/steady-state.ts";
import { runStep } from "../scenarios/steps.ts";
import { RunStopped } from "./run-stopped.ts";

/**
 * Runs the steps of a scenario in their order, and watches what must hold throughout.
 * @throws RunStopped when a step could not be done or the steady state broke; the signal's reason when it aborts
 */
export async function doMethod(scenario: Scenario, context: RunContext, signal: AbortSignal): Promise<void> {
  const stop = new AbortScope(signal);
  const background: Promise<void>[] = [];
  let endWatch = async () => {};
  try {
    endWatch = watchSteady(scenario.steadyState, context, stop.signal, (why) =>
      stop.abort(new RunStopped("failed", why)),
    );
    for (const [index, step] of scenario.method.entries()) {
      const work = doStep(step, index + 1, context, stop.signal);
      if (!step.background) {
        await work;
        continue;
      }
      work.catch((error: unknown) => stop.abort(error));
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
