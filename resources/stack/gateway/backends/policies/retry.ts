/**
 * Sends a call again that may be executed twice, after a pause with full jitter, or after the time that the backend asks
 * for (Retry-After), while its budget and its deadline allow it.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Upstream } from "../upstream.ts";
import { type UpstreamCause, UpstreamFailure } from "../upstream-failure.ts";
import { around } from "./around.ts";
import type { RetryBudget } from "./retry-budget.ts";

const attemptsLimit = 3;
const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** After these another attempt may succeed within the same call. */
const worthRetrying: ReadonlySet<UpstreamCause> = new Set(["refused", "reset", "unreachable", "status"]);

export interface RetryOptions {
  /** Undefined for no limit but that of the attempts. */
  budget: RetryBudget | undefined;
  honoursRetryAfter: boolean;
  random?: () => number;
}

export function retry(next: Upstream, { budget, honoursRetryAfter, random = Math.random }: RetryOptions): Upstream {
  return around(next, async (method, params, options) => {
    budget?.called();
    const endsAtMs = performance.now() + options.deadlineMs;
    for (let attempt = 1; ; attempt += 1) {
      const leftMs = Math.max(1, Math.round(endsAtMs - performance.now()));
      try {
        return await next.request(method, params, { ...options, deadlineMs: leftMs });
      } catch (error) {
        if (!options.mayRepeat || attempt === attemptsLimit || !(error instanceof UpstreamFailure)) throw error;
        if (!worthRetrying.has(error.kind)) throw error;
        const askedMs = honoursRetryAfter ? error.retryAfterMs : undefined;
        const pauseMs = askedMs ?? random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt);
        if (pauseMs >= endsAtMs - performance.now() || budget?.spend() === false) throw error;
        await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {
          throw options.signal?.reason;
        });
      }
    }
  });
}
