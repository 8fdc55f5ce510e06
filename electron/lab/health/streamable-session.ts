import { isObject, parseJson } from "../../model/json.ts";
import { within } from "../abort-scope.ts";
import { type Exchange, exchange } from "./http-exchange.ts";
import { isUnauthorized, type McpEndpoint, mayBeOlder, unauthorized } from "./mcp-endpoint.ts";
import type { ProbeSession, Refusal } from "./probe-session.ts";

const PROTOCOL_VERSION = "2025-06-18";
const CLOSE_LIMIT_MS = 1_000;
const METHOD_NOT_FOUND = -32601;

interface Reply {
  result?: { protocolVersion?: unknown } | undefined;
  error?: { code?: unknown; message?: unknown } | undefined;
}

interface Accepted {
  /** Absent for a server without sessions. */
  id: string | undefined;
  version: string;
}

/** Opens a session over Streamable HTTP. @throws when there is no answer */
export async function openStreamable(endpoint: McpEndpoint, signal: AbortSignal): Promise<ProbeSession | Refusal> {
  const session = new StreamableSession(endpoint);
  const refusal = await session.open(signal);
  return refusal ?? session;
}

class StreamableSession implements ProbeSession {
  readonly #endpoint: McpEndpoint;
  #accepted: Accepted | undefined;
  #lastId = 0;

  constructor(endpoint: McpEndpoint) {
    this.#endpoint = endpoint;
  }

  async open(signal: AbortSignal): Promise<Refusal | undefined> {
    const clientInfo = { name: "resilience-lab probe", version: "1" };
    const params = { protocolVersion: PROTOCOL_VERSION, capabilities: {}, clientInfo };
    const { status, headers, reply } = await this.#request("initialize", params, signal);
    const id = headers["mcp-session-id"];
    const version = reply?.result?.protocolVersion;
    if (typeof version !== "string") return { reason: refusalOf(status, reply), mayBeOlder: mayBeOlder(status) };
    this.#accepted = { id: typeof id === "string" ? id : undefined, version };
    const accepted = await this.#post({ method: "notifications/initialized" }, signal);
    if (accepted.status < 300) return undefined;
    void this.end();
    return { reason: refusalOf(accepted.status, undefined), mayBeOlder: false };
  }

  async ping(signal: AbortSignal): Promise<string | undefined> {
    const { status, reply } = await this.#request("ping", undefined, signal);
    if (reply?.result !== undefined || reply?.error?.code === METHOD_NOT_FOUND) return undefined;
    if (status === 404) this.#accepted = undefined; // ended by the server
    return refusalOf(status, reply);
  }

  async end(): Promise<void> {
    const headers = this.#headers();
    const id = this.#accepted?.id;
    this.#accepted = undefined;
    if (id === undefined) return;
    const goOn = new AbortController().signal;
    const remove = (limit: AbortSignal) => exchange(this.#endpoint.url, { method: "DELETE", headers }, limit);
    await within(goOn, CLOSE_LIMIT_MS, remove).catch(() => {});
  }

  async #request(method: string, params: object | undefined, signal: AbortSignal) {
    const id = ++this.#lastId;
    const isEnough = (body: string, headers: Exchange["headers"]) => replyIn(body, headers, id) !== undefined;
    const { status, headers, body } = await this.#post({ id, method, params }, signal, isEnough);
    return { status, headers, reply: replyIn(body, headers, id) };
  }

  #post(
    message: object,
    signal: AbortSignal,
    isEnough?: (body: string, headers: Exchange["headers"]) => boolean,
  ): Promise<Exchange> {
    const headers = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...this.#headers(),
    };
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    return exchange(this.#endpoint.url, { method: "POST", headers, body, ...(isEnough && { isEnough }) }, signal);
  }

  #headers(): Record<string, string> {
    const { headers } = this.#endpoint;
    if (this.#accepted === undefined) return { ...headers };
    const { id, version } = this.#accepted;
    return { ...headers, "mcp-protocol-version": version, ...(id !== undefined && { "mcp-session-id": id }) };
  }
}

/** The JSON-RPC reply with this id, in a body that is one message or a stream of events. */
function replyIn(body: string, headers: Exchange["headers"], id: number): Reply | undefined {
  const isStream = headers["content-type"]?.includes("text/event-stream") ?? false;
  const texts = isStream ? body.split(/\r?\n\r?\n/).map(dataOf) : [body];
  const isReply = (message: unknown): message is Reply => isObject(message) && (message.id === id || isError(message));
  return texts.map(parseJson).find(isReply);
}

/** Of a request whose id could not be read, or of a proxy that has not read it. */
function isError(message: Readonly<Record<string, unknown>>): boolean {
  return message.id === null && isObject(message.error);
}

function dataOf(event: string): string {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length)).join("\n");
}

function refusalOf(status: number, reply: Reply | undefined): string {
  if (isUnauthorized(status)) return unauthorized(status);
  const reason = reply?.error?.message;
  if (status < 200 || status > 299) return `answers HTTP ${status}${typeof reason === "string" ? `: ${reason}` : ""}`;
  if (reply?.error === undefined) return `answers HTTP ${status} without an MCP reply`;
  return `answers error ${String(reply.error.code)}: ${String(reply.error.message)}`;
}
