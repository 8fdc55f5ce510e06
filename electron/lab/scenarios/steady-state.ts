import { isTimeout, within } from "../abort-scope.ts";
import { retryPauseMs } from "../retry-pause.ts";
import { demand } from "./demands.ts";
import type { RunContext } from "./run-context.ts";
import { isHealth, type Steady, type SteadyCall, type SteadyHealth, type SteadyHttp } from "./schema.ts";
import { ServiceNews } from "./service-news.ts";
import { settleDecisions } from "./settle-decisions.ts";

/** How long the stack may take to reach its steady state, before the method and after the rollback. */
export const STEADY_LIMIT_MS = 15_000;

/** Waits for the steady state. Resolves to the unmet demands, or undefined when all are met within the limit. */
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
  // Rows of these calls are not judged, but must have arrived before the others are.
  if (steadyState.some((steady) => "call" in steady)) await settleDecisions(context, signal);
  const unmet = missing.filter((why) => why !== undefined);
  return unmet.length > 0 ? unmet.join("; ") : undefined;
}

async function whyNotHealthy({ service, is }: SteadyHealth, { stack }: RunContext, signal: AbortSignal) {
  try {
    await within(signal, STEADY_LIMIT_MS, (limit) => stack.health.waitFor(service, is, limit));
    return undefined;
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    const { status, reason } = stack.health.health(service);
    // The last result may predate the wait, when the service was healthy.
    return `${service} is ${status === is ? "silent" : `${status} (${reason})`}, expected ${is}`;
  }
}

/**
 * Retries, also at each news of the service, until the demand is met or the stack has had its time; the last attempt still
 * has its own. Resolves to the result of the last attempt.
 */
async function whyNotMet(steady: SteadyCall | SteadyHttp, context: RunContext, signal: AbortSignal) {
  const startedMs = context.clock.monotonicMs();
  const gateway = context.stack.stack.services.find(({ role }) => role === "gateway");
  const news = new ServiceNews(context, "http" in steady ? steady.http : (gateway?.name ?? ""));
  try {
    for (;;) {
      news.forget();
      const why = await demand(steady, context, signal);
      const elapsedMs = context.clock.monotonicMs() - startedMs;
      if (why === undefined || elapsedMs >= STEADY_LIMIT_MS) return why;
      await news.pause(retryPauseMs(elapsedMs), signal);
    }
  } finally {
    news.close();
  }
}
