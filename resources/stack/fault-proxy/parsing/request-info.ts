/** A request's HTTP head and, if its body is JSON-RPC, its messages. */
import { isObject, parseJson } from "../../http/json.ts";
import type { Hit } from "../hits.ts";
import type { MessageHead, RequestHead } from "./message-head.ts";

export type RpcId = string | number;

export interface RpcMessage {
  /** Absent in a client's response to its server. */
  method?: string;
  tool?: string;
  /** Absent in notifications. */
  id?: RpcId;
  traceparent?: string;
}

export class RequestInfo {
  readonly httpMethod: string;
  /** Without its query. */
  readonly path: string;
  readonly sessionId: string | undefined;
  readonly acceptsEventStream: boolean;
  readonly messages: readonly RpcMessage[];
  readonly isBatch: boolean;
  readonly #traceparent: string | undefined;

  constructor(head: Pick<RequestHead, "get" | "method" | "target">, body: Buffer | undefined) {
    this.httpMethod = head.method;
    this.path = head.target.split("?", 1)[0] ?? "";
    this.sessionId = head.get("mcp-session-id");
    this.acceptsEventStream = head.get("accept")?.includes("text/event-stream") ?? false;
    const parsed = body === undefined || body.length === 0 ? undefined : parseJson(body);
    this.isBatch = Array.isArray(parsed);
    this.messages = (Array.isArray(parsed) ? parsed.slice(0, 1_000) : [parsed]).flatMap(
      (value) => rpcMessage(value) ?? [],
    );
    this.#traceparent = head.get("traceparent");
  }

  /** The ids of its calls, which a reply must answer. */
  get callIds(): RpcId[] {
    return this.messages.flatMap(({ method, id }) => (method !== undefined && id !== undefined ? [id] : []));
  }

  hasMethod(method: string): boolean {
    return this.messages.some((message) => message.method === method);
  }

  attribution(): Pick<Hit, "method" | "tool" | "jsonrpcId" | "sessionId" | "traceparent"> {
    const message = this.messages.find(({ tool }) => tool !== undefined) ?? this.messages[0];
    const traceparent = message?.traceparent ?? this.#traceparent;
    return {
      ...(message?.method !== undefined && { method: message.method }),
      ...(message?.tool !== undefined && { tool: message.tool }),
      ...(message?.id !== undefined && { jsonrpcId: message.id }),
      ...(this.sessionId !== undefined && { sessionId: this.sessionId }),
      ...(traceparent !== undefined && { traceparent }),
    };
  }
}

/** Whether the body should be buffered to parse it. */
export function carriesJson(head: Pick<MessageHead, "get">): boolean {
  return head.get("content-type")?.toLowerCase().startsWith("application/json") ?? false;
}

function rpcMessage(value: unknown): RpcMessage | undefined {
  if (!isObject(value) || value.jsonrpc !== "2.0") return undefined;
  const { method, id, params } = value;
  const tool = method === "tools/call" && isObject(params) ? params.name : undefined;
  const meta = isObject(params) ? params._meta : undefined;
  const traceparent = isObject(meta) ? meta.traceparent : undefined;
  return {
    ...(typeof method === "string" && { method }),
    ...(typeof tool === "string" && { tool }),
    ...((typeof id === "string" || typeof id === "number") && { id }),
    ...(typeof traceparent === "string" && { traceparent }),
  };
}
