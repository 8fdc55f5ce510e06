/** One MCP session with a backend over Streamable HTTP: opened with initialize, ended with DELETE. */
import { isDeepStrictEqual } from "node:util";
import { ownText } from "../../http/own-text.ts";
import { notificationText } from "../protocol/messages.ts";
import { initializeParams, initializeResultOf } from "./initialize.ts";
import type { InitializeResult } from "./upstream.ts";
import { type ExchangeRequest, exchange, replyIn } from "./upstream-exchange.ts";
import { statusFailure } from "./upstream-failure.ts";
import type { Reply, UpstreamHttp } from "./upstream-http.ts";

export interface HttpSession {
  headers: Readonly<Record<string, string>>;
  /** A backend without session ids has no state, and cannot lose its session. */
  hasId: boolean;
  about: InitializeResult;
}

export interface OpenOptions {
  id: string;
  /** The backend's configured headers. */
  headers: Readonly<Record<string, string>>;
  deadlineMs: number;
  /** What the session before has been told: kept once where all are told the same. */
  known: InitializeResult | undefined;
  onMessage: (message: Parameters<ExchangeRequest["onMessage"]>[0], headers: HttpSession["headers"]) => void;
}

const mcpHeaders = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const endDeadlineMs = 1_000;

/** Rejects with UpstreamFailure. */
export async function openHttpSession(
  http: UpstreamHttp,
  { id, headers, deadlineMs, known, onMessage }: OpenOptions,
): Promise<HttpSession> {
  const baseHeaders = { ...mcpHeaders, ...headers };
  const reply = await exchange(http, {
    id,
    body: JSON.stringify({ jsonrpc: "2.0", id, method: "initialize", params: initializeParams }),
    headers: baseHeaders,
    endsAtMs: performance.now() + deadlineMs,
    onMessage: (message, head) => {
      const sessionId = head.headers["mcp-session-id"];
      onMessage(message, sessionId ? { ...baseHeaders, "mcp-session-id": sessionId } : baseHeaders);
    },
  });
  const told = initializeResultOf(replyIn(reply, id));
  const about = known !== undefined && isDeepStrictEqual(told, known) ? known : told;
  const sessionId = ownText(reply.posted.headers["mcp-session-id"] ?? "");
  const hasId = sessionId !== "";
  const session: HttpSession = {
    headers: {
      ...baseHeaders,
      "mcp-protocol-version": about.protocolVersion,
      ...(hasId ? { "mcp-session-id": sessionId } : {}),
    },
    hasId,
    about,
  };
  const accepted = await postMessage(http, session.headers, notificationText("notifications/initialized"), deadlineMs);
  if (accepted.status >= 300) {
    throw statusFailure(accepted.status, " to notifications/initialized");
  }
  return session;
}

export function postMessage(
  http: UpstreamHttp,
  headers: HttpSession["headers"],
  body: string,
  deadlineMs: number,
): Promise<Reply> {
  return http.post({ body, headers, deadlineMs, onEvent: () => true });
}

/** Frees the session at the backend; one that cannot be reached in time expires there by itself. Never rejects. */
export async function endHttpSession(http: UpstreamHttp, { headers, hasId }: HttpSession): Promise<void> {
  if (!hasId) return;
  const { "content-type": _none, ...others } = headers;
  await http
    .post({ method: "DELETE", body: "", headers: others, deadlineMs: endDeadlineMs, onEvent: () => true })
    .catch(() => {});
}
