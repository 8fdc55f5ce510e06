/** Every fault ends: this long after it began when nothing else is said, in milliseconds. */
export const DEFAULT_LIFETIME_MS = 10 * 60_000;
/** The lab ends a fault in time, and counts what it hit; the fault proxy does it this much later if nobody has. */
export const PROXY_EXPIRES_LATER_MS = 1_000;
