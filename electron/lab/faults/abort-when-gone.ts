import { systemClock } from "../clock.ts";
import type { UndoTarget } from "./undo-target.ts";

const POLL_INTERVAL_MS = 100;
/** Another process that restores the same service stops and starts it within this time; after it the service has ended. */
const GONE_AFTER_MS = 500;

/** Aborts once the service has been without a process or container for a while; ends when `settled` aborts. */
export async function abortWhenGone(
  service: string,
  { driver }: UndoTarget,
  gone: AbortController,
  settled: AbortSignal,
): Promise<void> {
  let lastSeenMs = systemClock.monotonicMs();
  while (!settled.aborted) {
    // Unknown counts as running.
    const isGone = await driver.replicas(service).then(
      (replicas) =>
        replicas.every(({ state }) => state.is === "absent" || (state.is === "stopped" && !state.isComingBack)),
      () => false,
    );
    const nowMs = systemClock.monotonicMs();
    if (!isGone) lastSeenMs = nowMs;
    else if (nowMs - lastSeenMs >= GONE_AFTER_MS) return gone.abort();
    await systemClock.sleep(POLL_INTERVAL_MS, settled).catch(() => {});
  }
}
