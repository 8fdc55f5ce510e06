/** Decides the handling of a request: the first toxic in order that ends it applies; delays before that one add up. */

import type { RequestInfo } from "../parsing/request-info.ts";
import { meets } from "../toxics/match.ts";
import type { Toxic } from "../toxics/toxic.ts";
import { type Answer, methodNotAllowed, plainAnswer, rpcError, sessionLostAnswer } from "./answers.ts";
import type { SessionRegistry } from "./session-registry.ts";

export interface Delay {
  toxic: Toxic;
  ms: number;
}

export interface RequestPlan {
  /** Before the request is passed on. */
  requestDelays: Delay[];
  /** Before the reply is passed on. */
  replyDelays: Delay[];
  /** The toxic that ends the exchange, and how; undefined passes the request on. */
  end: { toxic: Toxic; effect: string; how: { answer: Answer } | "loseRequest" | "loseReply" } | undefined;
}

export function planRequest(toxics: readonly Toxic[], request: RequestInfo, sessions: SessionRegistry): RequestPlan {
  const plan: RequestPlan = { requestDelays: [], replyDelays: [], end: undefined };
  for (const toxic of toxics) {
    if (!concerns(toxic, request, sessions)) continue;
    if (toxic.type === "http_delay") {
      const jitter = (toxic.drawForRequest("jitter") * 2 - 1) * toxic.number("jitter");
      const ms = Math.max(0, toxic.number("delay") + jitter);
      (toxic.attributes.side === "request" ? plan.requestDelays : plan.replyDelays).push({ toxic, ms });
      continue;
    }
    plan.end = endOf(toxic, request);
    if (plan.end) break;
  }
  return plan;
}

function concerns(toxic: Toxic, request: RequestInfo, sessions: SessionRegistry): boolean {
  const session = request.sessionId;
  switch (toxic.type) {
    case "http_delay":
    case "http_status":
    case "request_lost":
    case "reply_lost":
      return meets(toxic.match, request) && toxic.takes();
    case "mcp_error":
      return request.callIds.length > 0 && meets(toxic.match, request) && toxic.takes();
    case "get_stream_refused":
      if (request.httpMethod !== "GET" || !request.acceptsEventStream) return false;
      return meets(toxic.match, request) && toxic.takes();
    case "session_lost": {
      if (session === undefined) return false;
      if (toxic.attributes.status === 200 && request.callIds.length === 0) return false;
      if (sessions.isLost(session, toxic.armedAt)) return true;
      if (toxic.attributes.sessions === "existing" && !sessions.isOlderThan(session, toxic.armedAt)) return false;
      if (!meets(toxic.match, request) || !toxic.takes()) return false;
      sessions.lose(session, toxic.armedAt);
      return true;
    }
    case "session_rotated":
      return session !== undefined && sessions.isRetired(session);
    default:
      return false;
  }
}

function endOf(toxic: Toxic, request: RequestInfo): RequestPlan["end"] {
  const answered = (answer: Answer, effect: string): RequestPlan["end"] => ({ toxic, effect, how: { answer } });
  const status = toxic.number("status");
  switch (toxic.type) {
    case "http_status":
      return answered(plainAnswer(status, toxic.number("retry_after")), `answered ${status}`);
    case "mcp_error": {
      const code = toxic.number("code");
      return answered(rpcError(request, code, String(toxic.attributes.message)), `answered JSON-RPC error ${code}`);
    }
    case "get_stream_refused":
      return answered(methodNotAllowed(status), `stream refused with ${status}`);
    case "session_lost":
      return answered(sessionLostAnswer(request, status), `session refused with ${status}`);
    case "session_rotated":
      return answered(sessionLostAnswer(request, 404), "earlier session id refused with 404");
    case "request_lost":
      return { toxic, effect: "request lost, connection reset", how: "loseRequest" };
    case "reply_lost":
      return { toxic, effect: "executed, reply lost, connection reset", how: "loseReply" };
    default:
      return undefined;
  }
}
