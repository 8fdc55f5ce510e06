/** Decides the handling of a request: the first toxic in order that ends it applies; delays before that one add up. */

import type { RequestInfo } from "../parsing/request-info.ts";
import { type HttpToxicType, isHttpToxic } from "../toxics/attributes.ts";
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

/** What a type of toxic does to a request before the upstream receives it. */
interface RequestFault {
  /** Whether it applies to this request; counts the request if it does. */
  concerns(toxic: Toxic, request: RequestInfo, sessions: SessionRegistry): boolean;
  /** Adds a delay to the plan, or ends the exchange. */
  act(plan: RequestPlan, toxic: Toxic, request: RequestInfo): void;
}

export function planRequest(toxics: readonly Toxic[], request: RequestInfo, sessions: SessionRegistry): RequestPlan {
  const plan: RequestPlan = { requestDelays: [], replyDelays: [], end: undefined };
  for (const toxic of toxics) {
    const fault = isHttpToxic(toxic.type) ? requestFaults[toxic.type] : undefined;
    if (!fault?.concerns(toxic, request, sessions)) continue;
    fault.act(plan, toxic, request);
    if (plan.end) break;
  }
  return plan;
}

const takes: RequestFault["concerns"] = (toxic, request) => meets(toxic.match, request) && toxic.takes();

function answers(how: (toxic: Toxic, request: RequestInfo) => [Answer, string]): RequestFault["act"] {
  return (plan, toxic, request) => {
    const [answer, effect] = how(toxic, request);
    plan.end = { toxic, effect, how: { answer } };
  };
}

/** These act on the reply alone: see select-reply-faults. */
const onReply = undefined;

const requestFaults: Readonly<Record<HttpToxicType, RequestFault | undefined>> = {
  http_status: {
    concerns: takes,
    act: answers((toxic) => {
      const status = toxic.number("status");
      return [plainAnswer(status, toxic.number("retry_after")), `answered ${status}`];
    }),
  },
  http_delay: {
    concerns: takes,
    act: (plan, toxic) => {
      const jitter = (toxic.drawForRequest("jitter") * 2 - 1) * toxic.number("jitter");
      const ms = Math.max(0, toxic.number("delay") + jitter);
      (toxic.attributes.side === "request" ? plan.requestDelays : plan.replyDelays).push({ toxic, ms });
    },
  },
  mcp_error: {
    concerns: (toxic, request, sessions) => request.callIds.length > 0 && takes(toxic, request, sessions),
    act: answers((toxic, request) => {
      const code = toxic.number("code");
      return [rpcError(request, code, String(toxic.attributes.message)), `answered JSON-RPC error ${code}`];
    }),
  },
  session_lost: {
    concerns: losesSession,
    act: answers((toxic, request) => {
      const status = toxic.number("status");
      return [sessionLostAnswer(request, status), `session refused with ${status}`];
    }),
  },
  session_rotated: {
    concerns: (_toxic, { sessionId }, sessions) => sessionId !== undefined && sessions.isRetired(sessionId),
    act: answers((_toxic, request) => [sessionLostAnswer(request, 404), "earlier session id refused with 404"]),
  },
  get_stream_refused: {
    concerns: (toxic, request, sessions) =>
      request.httpMethod === "GET" && request.acceptsEventStream && takes(toxic, request, sessions),
    act: answers((toxic) => {
      const status = toxic.number("status");
      return [methodNotAllowed(status), `stream refused with ${status}`];
    }),
  },
  request_lost: {
    concerns: takes,
    act: (plan, toxic) => {
      plan.end = { toxic, effect: "request lost, connection reset", how: "loseRequest" };
    },
  },
  reply_lost: {
    concerns: takes,
    act: (plan, toxic) => {
      plan.end = { toxic, effect: "executed, reply lost, connection reset", how: "loseReply" };
    },
  },
  malformed: onReply,
  truncated: onReply,
  stream_cut: onReply,
  stream_stalled: onReply,
  stream_duplicated: onReply,
  stream_split: onReply,
  event_ids_skipped: onReply,
  tools_changed: onReply,
};

function losesSession(toxic: Toxic, request: RequestInfo, sessions: SessionRegistry): boolean {
  const session = request.sessionId;
  if (session === undefined) return false;
  if (toxic.attributes.status === 200 && request.callIds.length === 0) return false;
  if (sessions.isLost(session, toxic.armedAt)) return true;
  if (toxic.attributes.sessions === "existing" && !sessions.isOlderThan(session, toxic.armedAt)) return false;
  if (!takes(toxic, request, sessions)) return false;
  sessions.lose(session, toxic.armedAt);
  return true;
}
