const SHORTEST_MS = 10;
const LONGEST_MS = 250;

/**
 * How long to pause before the next try of something that can only be tried: a tenth of what has been waited so far. What
 * is there soon is seen at once, and what takes long is not asked without end. In milliseconds, as is `waitedMs`.
 */
export function retryPauseMs(waitedMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, waitedMs / 10));
}
