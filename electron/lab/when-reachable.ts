import { systemClock } from "./clock.ts";
import { LabError } from "./lab-error.ts";
import { retryPauseMs } from "./retry-pause.ts";

/**
 * What is done through something that may be away for a moment, such as an engine that is being restarted: tried again as
 * long as it cannot be reached. Nothing tells of its return but an answer.
 * @throws whatever else the attempt throws; LabError `unreachable` when it is not back in time
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
      const isAway = error instanceof LabError && error.code === "unreachable";
      if (!isAway || waitedMs > limitMs) throw error;
      await systemClock.sleep(retryPauseMs(waitedMs), signal);
    }
  }
}
