import { systemClock } from "./clock.ts";
import { LabError } from "./lab-error.ts";
import { retryPauseMs } from "./retry-pause.ts";

/**
 * Repeats an attempt as long as it fails with `unreachable`, for instance while an engine restarts. Polls, since its
 * return is not announced.
 * @throws any other error of the attempt; LabError `unreachable` when it stays unreachable for `limitMs`
 */
export async function whenReachable<Value>(
  attempt: () => Promise<Value>,
  limitMs: number,
  signal: AbortSignal,
): Promise<Value> {
  const startedMs = systemClock.monotonicMs();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const waitedMs = systemClock.monotonicMs() - startedMs;
      const isUnreachable = error instanceof LabError && error.code === "unreachable";
      if (!isUnreachable || waitedMs > limitMs) throw error;
      await systemClock.sleep(retryPauseMs(waitedMs), signal);
    }
  }
}
