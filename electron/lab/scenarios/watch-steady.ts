import { demand } from "./demands.ts";
import type { RunContext } from "./run-context.ts";
import { isHealth, type Steady } from "./schema.ts";

/** Interval between checks of what must hold throughout. */
const POLL_INTERVAL_MS = 250;

/**
 * Checks during the method what must hold throughout, and calls `broken` with what fails: calls and HTTP answers are
 * repeated, a service's health is taken from its probe.
 *
 * @returns ends the watch after the checks in progress, whose results still count
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
  const checks = throughout.map(async (steady) => {
    if (isHealth(steady)) return;
    while (!isOver) {
      const why = await demand(steady, context, signal);
      if (why !== undefined) return broken(`in mid-run, ${why}`);
      if (!isOver) await context.clock.sleep(POLL_INTERVAL_MS, signal);
    }
  });
  for (const each of checks) each.catch((error: unknown) => !signal.aborted && broken(String(error)));
  return async () => {
    isOver = true;
    unsubscribe();
    await Promise.allSettled(checks);
  };
}
