/** How long a fault lasts when nothing else is requested, in milliseconds. */
export const DEFAULT_LIFETIME_MS = 10 * 60_000;
/** The lab ends a fault in time and reads its hits; the fault proxy removes it this much later if the lab has not. */
export const PROXY_EXPIRES_LATER_MS = 1_000;
