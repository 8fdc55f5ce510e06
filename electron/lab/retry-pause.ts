const SHORTEST_MS = 10;
const LONGEST_MS = 250;

/**
 * Pause before the next attempt, in milliseconds: a tenth of the time waited so far, within bounds. A quick change is seen
 * at once, and a slow one is not polled too often.
 */
export function retryPauseMs(waitedMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, waitedMs / 10));
}
