/**
 * The backend's stream of messages without a request (GET), read for notifications/tools/list_changed. Optional: a backend
 * without one answers 405, and its list is read again at each probe all the same.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isObject, parseJson } from "../../http/json.ts";
import { reportWork } from "../../http/work.ts";
import type { HealthSign } from "./health/health-monitor.ts";
import type { HttpSession } from "./http-session.ts";
import type { UpstreamHttp } from "./upstream-http.ts";

const longestStreamMs = 24 * 60 * 60_000;
const shortestPauseMs = 1_000;
const longestPauseMs = 30_000;

export const toolsChanged = "notifications/tools/list_changed";

export interface FollowOptions {
  isCurrent: () => boolean;
  onMessage: (message: { method: string; id: unknown; params: unknown }) => void;
  /** `fails` when the stream has ended or could not be opened, `answers` when the backend has none, or no longer that session. */
  onSign: (sign: HealthSign) => void;
}

/** Reads until the session is over or the signal aborts. Never rejects. */
export async function followTools(
  http: UpstreamHttp,
  session: HttpSession,
  { isCurrent, onMessage, onSign }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  const { "content-type": _none, ...headers } = session.headers;
  let pauseMs = shortestPauseMs;
  while (!signal.aborted && isCurrent()) {
    const startedAtMs = performance.now();
    // Open, with its deadline, for as long as the gateway runs: no work.
    const closed = reportWork({ idleSockets: 1, idleTimers: 1 });
    try {
      const { status } = await http.post({
        method: "GET",
        body: "",
        headers: { ...headers, accept: "text/event-stream" },
        deadlineMs: longestStreamMs,
        signal,
        onEvent: (data) => {
          const message = parseJson(data);
          if (isObject(message) && typeof message.method === "string") {
            onMessage({ method: message.method, id: message.id, params: message.params });
          }
          return false;
        },
      });
      if (status === 405 || status === 404 || status === 400) return onSign("answers");
    } catch {
      // The connection has ended; who asks for something finds out why.
    } finally {
      closed();
    }
    if (!signal.aborted && isCurrent()) onSign("fails");
    if (performance.now() - startedAtMs > longestPauseMs) pauseMs = shortestPauseMs;
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
