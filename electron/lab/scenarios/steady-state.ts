import { isTimeout, within } from "../abort-scope.ts";
import { retryPauseMs } from "../retry-pause.ts";
import { demandCall, demandHttp } from "./demands.ts";
import { describeSteady } from "./describe.ts";
import type { RunContext } from "./run-context.ts";
import { isHealth, type Steady, type SteadyCall, type SteadyHealth, type SteadyHttp } from "./schema.ts";
import { settleDecisions } from "./settle-decisions.ts";

/** How long the steady state may take to come about, before the method and after the rollback. */
export const STEADY_LIMIT_MS = 15_000;
/** Between one try and the next of what is to hold throughout. */
const POLL_INTERVAL_MS = 250;

/** What of the steady state does not hold, in words, or undefined when all of it does within the limit. */
export async function holdSteady(
  steadyState: readonly Steady[],
  context: RunContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const missing = await Promise.all(
    steadyState.map((steady) =>
      isHealth(steady) ? whyNotHealthy(steady, context, signal) : whyNotMet(steady, context, signal),
    ),
  );
  // Rows of these calls are no part of what is judged, but must not be on their way while it is.
  if (steadyState.some((steady) => "call" in steady)) await settleDecisions(context, signal);
  const told = missing.filter((why) => why !== undefined);
  return told.length > 0 ? told.join("; ") : undefined;
}

async function whyNotHealthy({ service, is }: SteadyHealth, { stack }: RunContext, signal: AbortSignal) {
  try {
    await within(signal, STEADY_LIMIT_MS, (limit) => stack.health.waitFor(service, is, limit));
    return undefined;
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    const { status, reason } = stack.health.health(service);
    // What was seen last may be from before the wait, when all was well.
    return `${service} is ${status === is ? "silent" : `${status} (${reason})`}, expected ${is}`;
  }
}

/** Tries until it is met or the time is over, and tells what came of the last try. */
async function whyNotMet(steady: SteadyCall | SteadyHttp, context: RunContext, signal: AbortSignal) {
  let why: string | undefined = `${describeSteady(steady)}: no answer`;
  const startedMs = context.clock.monotonicMs();
  try {
    await within(signal, STEADY_LIMIT_MS, async (limit) => {
      for (;;) {
        why = await demand(steady, context, limit);
        if (why === undefined) return;
        await context.clock.sleep(retryPauseMs(context.clock.monotonicMs() - startedMs), limit);
      }
    });
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
  }
  return why;
}

function demand(steady: SteadyCall | SteadyHttp, context: RunContext, signal: AbortSignal) {
  return "call" in steady ? demandCall(steady, context, signal) : demandHttp(steady, context, signal);
}

/**
 * Tries all through the method what is to hold throughout, and tells `broken` of what does not: calls and HTTP answers one
 * try after the other, a service's health by its probe.
 *
 * @returns ends it, once the tries that are under way have come to their end: what they find is still of the method
 */
export function watchSteady(
  steadyState: readonly Steady[],
  context: RunContext,
  signal: AbortSignal,
  broken: (why: string) => void,
): () => Promise<void> {
  const throughout = steadyState.filter((steady) => steady.throughout);
  const unsubscribe = context.stack.health.onTransition(({ service, to, reason }) => {
    const found = throughout.filter(isHealth).find((each) => each.service === service && each.is !== to);
    if (found !== undefined) broken(`${service} is ${to} (${reason}) in mid-run, expected ${found.is} throughout`);
  });
  let isOver = false;
  const tries = throughout.map(async (steady) => {
    if (isHealth(steady)) return;
    while (!isOver) {
      const why = await demand(steady, context, signal);
      if (why !== undefined) return broken(`in mid-run, ${why}`);
      if (!isOver) await context.clock.sleep(POLL_INTERVAL_MS, signal);
    }
  });
  for (const each of tries) each.catch((error: unknown) => !signal.aborted && broken(String(error)));
  return async () => {
    isOver = true;
    unsubscribe();
    await Promise.allSettled(tries);
  };
}
