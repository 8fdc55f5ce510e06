/** The heartbeat protocol between the lab and its watchdog, on the watchdog's standard input. */

/** Half of the lab's recovery limit (5 s), so that the other half is left for undoing. */
export const BEAT_LIMIT_MS = 2_500;
export const BEAT_EVERY_MS = 500;
export const BEAT = "beat\n";
export const GOODBYE = "bye";
/** In the place of {@link GOODBYE}, from a lab that leaves standing faults: the watchdog ends when they have. */
export const STAY = "stay";
