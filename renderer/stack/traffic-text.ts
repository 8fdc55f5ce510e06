import type { LinkTraffic } from "../../electron/contract/stack.ts";
import { formatDuration } from "../ui/times.ts";

/** `12 calls, 1 error; last: tools/call pay in 30 ms (HTTP 503)` */
export function trafficText({ calls, errors, last }: LinkTraffic): string {
  const counts = `${calls} ${calls === 1 ? "call" : "calls"}, ${errors} ${errors === 1 ? "error" : "errors"}`;
  if (last === null) return counts;
  return `${counts}; last: ${last.what} in ${formatDuration(last.durationMs)}${last.error === null ? "" : ` (${last.error})`}`;
}

/** For the map: `0.4/s`. */
export function rateText({ perSecond }: LinkTraffic): string {
  return `${perSecond.toFixed(1)}/s`;
}
