/** An MCP client without automatic behaviour, so that a test can violate the protocol. */
export interface Reply {
  status: number;
  headers: Headers;
  contentType: string;
  text: string;
  /** The response, from JSON or from the stream. */
  message: RpcResponse;
  /** All messages, including a stream's notifications. */
  messages: Record<string, unknown>[];
}

interface RpcResponse {
  id?: unknown;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: { decision?: string; reason?: string } };
}

type Extra = { headers?: Record<string, string>; signal?: AbortSignal };

const initializeParams = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "raw-client", version: "1.0.0" },
};

export class RawClient {
  readonly url: string;
  sessionId: string | undefined;
  #lastId = 0;

  constructor(url: string) {
    this.url = url;
  }

  static async open(url: string, protocolVersion = "2025-11-25"): Promise<RawClient> {
    const client = new RawClient(url);
    const reply = await client.request("initialize", { ...initializeParams, protocolVersion });
    client.sessionId = reply.headers.get("mcp-session-id") ?? undefined;
    return client;
  }

  /** Sends any body with any headers; `undefined` removes a default header. */
  fetch(body: string | undefined, headers: Record<string, string | undefined> = {}, init: RequestInit = {}) {
    const all: Record<string, string | undefined> = {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-session-id": this.sessionId,
      ...headers,
    };
    const defined = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return fetch(this.url, { method: "POST", headers: defined, body: body ?? null, ...init });
  }

  async request(method: string, params: unknown = {}, { headers = {}, signal }: Extra = {}): Promise<Reply> {
    this.#lastId += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: this.#lastId, method, params });
    return readReply(await this.fetch(body, headers, signal ? { signal } : {}));
  }

  call(name: string, toolArguments: unknown = {}, extra: Extra & { turn?: string; meta?: unknown } = {}) {
    const turn: Record<string, string> = extra.turn ? { "x-mcp-turn-id": extra.turn } : {};
    const params = { name, arguments: toolArguments, ...(extra.meta ? { _meta: extra.meta } : {}) };
    return this.request("tools/call", params, { ...extra, headers: { ...turn, ...extra.headers } });
  }

  notify(method: string, params: unknown = {}): Promise<Response> {
    return this.fetch(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  get(headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
    const all = { accept: "text/event-stream", "mcp-session-id": this.sessionId ?? "", ...headers };
    return fetch(this.url, { headers: all, ...(signal ? { signal } : {}) });
  }
}

export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text();
  const contentType = response.headers.get("content-type") ?? "";
  const messages = contentType.startsWith("text/event-stream")
    ? messagesIn(text)
    : text === ""
      ? []
      : [JSON.parse(text)];
  const message = messages.findLast((candidate) => !("method" in candidate)) ?? {};
  return { status: response.status, headers: response.headers, contentType, text, message, messages };
}

export function messagesIn(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (.+)$/gm)].map((match) => JSON.parse(match[1] ?? "null"));
}

/** Reads a stream until its text matches. */
export async function readUntil(response: Response, isEnough: (text: string) => boolean): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (reader && !isEnough(text)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return text;
}
