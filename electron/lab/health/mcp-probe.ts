import { orAbort, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { type Exchange, exchange } from "./http-exchange.ts";
import type { ProbeMethod, Verdict } from "./probe-method.ts";

const PROTOCOL_VERSION = "2025-06-18";
/** Longer than a look: a bridge starts a process for each session, and one that is not waited for is left in it. */
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
 * Whether a server speaks MCP with whoever comes: a session is opened as a client would open it, and as long as it is
 * there each look is a ping in it. A bridge answers HTTP also when nothing is behind it; a ping goes through. There is
 * one session at a time, and it is ended (DELETE) when it is given up and when the probe is closed.
 *
 * A handshake or a ping may take longer than a look: the looks meanwhile run into their own limit and join it.
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

  async look(signal: AbortSignal): Promise<Verdict> {
    // What an earlier look asked may be answered from before a change; this look's own question comes after it.
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

  /** Why there is no session, in words; undefined when there is one now. */
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

  /** Why the session is of no use any more, in words; undefined when it answers. */
  async #ping(session: Session): Promise<string | undefined> {
    const ask = (limit: AbortSignal) => this.#request("ping", undefined, session, limit);
    const { status, reply } = await within(this.#stop.signal, PING_LIMIT_MS, ask);
    if (reply?.result !== undefined || reply?.error?.code === METHOD_NOT_FOUND) return undefined;
    if (status === 404) this.#session = undefined; // the server has ended it itself
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

  /** Ends the session; a server that does not let clients do so, or is gone, has nothing more to be told. */
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
  return texts.map(readJson).find((message) => message?.id === id);
}

function dataOf(event: string): string {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length)).join("\n");
}

function readJson(text: string): (Reply & { id?: unknown }) | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Reply) : undefined;
  } catch {
    return undefined;
  }
}

function refusalOf(status: number, reply: Reply | undefined): string {
  if (status === 401 || status === 403) return `answers HTTP ${status}: it wants authorization`;
  if (status < 200 || status > 299) return `answers HTTP ${status}`;
  if (reply?.error === undefined) return `answers HTTP ${status} without an MCP reply`;
  return `answers error ${String(reply.error.code)}: ${String(reply.error.message)}`;
}
