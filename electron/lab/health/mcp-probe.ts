import { isObject, parseJson } from "../../model/json.ts";
import { orAbort, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { type Exchange, exchange } from "./http-exchange.ts";
import type { ProbeMethod, Verdict } from "./probe-method.ts";

const PROTOCOL_VERSION = "2025-06-18";
/** Longer than a check: a bridge starts a process for each session, and keeps that of an abandoned handshake. */
const HANDSHAKE_LIMIT_MS = 10_000;
const PING_LIMIT_MS = 5_000;
const CLOSE_LIMIT_MS = 1_000;
const METHOD_NOT_FOUND = -32601;

interface Session {
  /** Absent for a server without sessions. */
  id: string | undefined;
  version: string;
}

interface Reply {
  result?: { protocolVersion?: unknown } | undefined;
  error?: { code?: unknown; message?: unknown } | undefined;
}

/**
 * Checks that a server accepts MCP clients: opens a session as a client would and, as long as it exists, sends a ping in
 * it with each check. A bridge answers HTTP even when nothing is behind it, while a ping reaches the server. There is one
 * session at a time; it is ended (DELETE) when it is abandoned and when the probe is closed.
 *
 * A handshake or a ping may take longer than a check: later checks join it, and end by their own time limit.
 */
export class McpProbe implements ProbeMethod {
  readonly #url: string;
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #pending: Promise<Verdict> | undefined;
  #lastId = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async check(signal: AbortSignal): Promise<Verdict> {
    // The answer to an earlier request may predate a change, so this check sends its own after it.
    if (this.#pending !== undefined) await orAbort(this.#pending, signal).catch(() => signal.throwIfAborted());
    this.#pending = this.#ask().finally(() => {
      this.#pending = undefined;
    });
    return orAbort(this.#pending, signal);
  }

  async close(): Promise<void> {
    const { signal } = this.#stop;
    await within(signal, CLOSE_LIMIT_MS, async () => this.#pending).catch(() => {});
    this.#stop.abort(new Error("the probe was closed"));
    await this.#end();
  }

  async #ask(): Promise<Verdict> {
    if (this.#session !== undefined) {
      const refusal = await this.#ping(this.#session).catch(messageOf);
      if (refusal === undefined) return { status: "up", reason: "answers an MCP ping" };
      this.#stop.signal.throwIfAborted();
      void this.#end();
    }
    const refusal = await this.#handshake();
    if (refusal === undefined) return { status: "up", reason: "answers an MCP handshake" };
    return { status: "degraded", reason: `refuses an MCP handshake: ${refusal}` };
  }

  /** Opens a session. @returns the reason when it was refused, else undefined */
  async #handshake(): Promise<string | undefined> {
    return within(this.#stop.signal, HANDSHAKE_LIMIT_MS, (limit) => this.#openSession(limit));
  }

  async #openSession(limit: AbortSignal): Promise<string | undefined> {
    const clientInfo = { name: "resilience-lab probe", version: "1" };
    const params = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo };
    const { status, headers, reply } = await this.#request("initialize", params, undefined, limit);
    const id = headers["mcp-session-id"];
    const version = reply?.result?.protocolVersion;
    if (typeof version !== "string") return refusalOf(status, reply);
    this.#session = { id: typeof id === "string" ? id : undefined, version };
    const accepted = await this.#post({ method: "notifications/initialized" }, this.#session, limit);
    if (accepted.status < 300) return undefined;
    void this.#end();
    return refusalOf(accepted.status, undefined);
  }

  /** Pings the session. @returns the reason when it can no longer be used, else undefined */
  async #ping(session: Session): Promise<string | undefined> {
    const ask = (limit: AbortSignal) => this.#request("ping", undefined, session, limit);
    const { status, reply } = await within(this.#stop.signal, PING_LIMIT_MS, ask);
    if (reply?.result !== undefined || reply?.error?.code === METHOD_NOT_FOUND) return undefined;
    if (status === 404) this.#session = undefined; // ended by the server
    return refusalOf(status, reply);
  }

  async #request(method: string, params: object | undefined, session: Session | undefined, signal: AbortSignal) {
    const id = ++this.#lastId;
    const isEnough = (body: string, headers: Exchange["headers"]) => replyIn(body, headers, id) !== undefined;
    const { status, headers, body } = await this.#post({ id, method, params }, session, signal, isEnough);
    return { status, headers, reply: replyIn(body, headers, id) };
  }

  #post(
    message: object,
    session: Session | undefined,
    signal: AbortSignal,
    isEnough?: (body: string, headers: Exchange["headers"]) => boolean,
  ): Promise<Exchange> {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...sessionHeaders(session),
    };
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    return exchange(this.#url, { method: "POST", headers, body, ...(isEnough && { isEnough }) }, signal);
  }

  /** Ends the session. Errors are ignored: the server may not support DELETE, or be gone. */
  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session?.id === undefined) return;
    const asked = { method: "DELETE", headers: sessionHeaders(session) };
    const goOn = new AbortController().signal;
    await within(goOn, CLOSE_LIMIT_MS, (limit) => exchange(this.#url, asked, limit)).catch(() => {});
  }
}

function sessionHeaders(session: Session | undefined): Record<string, string> {
  if (session === undefined) return {};
  const version = { "mcp-protocol-version": session.version };
  return session.id === undefined ? version : { ...version, "mcp-session-id": session.id };
}

/** The JSON-RPC reply with this id, in a body that is one message or a stream of events. */
function replyIn(body: string, headers: Exchange["headers"], id: number): Reply | undefined {
  const isStream = headers["content-type"]?.includes("text/event-stream") ?? false;
  const texts = isStream ? body.split(/\r?\n\r?\n/).map(dataOf) : [body];
  return texts.map(parseJson).find((message): message is Reply => isObject(message) && message.id === id);
}

function dataOf(event: string): string {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length)).join("\n");
}

function refusalOf(status: number, reply: Reply | undefined): string {
  if (status === 401 || status === 403) return `answers HTTP ${status}: it wants authorization`;
  if (status < 200 || status > 299) return `answers HTTP ${status}`;
  if (reply?.error === undefined) return `answers HTTP ${status} without an MCP reply`;
  return `answers error ${String(reply.error.code)}: ${String(reply.error.message)}`;
}
