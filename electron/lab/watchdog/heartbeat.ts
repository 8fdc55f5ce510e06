/** What the lab and its watchdog agree on. */

/** Half of what the lab promises (5 s), so that the other half is left for undoing. */
export const BEAT_LIMIT_MS = 2_500;
export const BEAT_EVERY_MS = 500;
export const BEAT = "beat\n";
export const GOODBYE = "bye";
