/** JSON-RPC 2.0 as used by MCP. Validated without a schema library for speed: this runs for every message. */
import { isObject } from "../../http/json.ts";

export type RequestId = string | number;
export type Params = Readonly<Record<string, unknown>>;

export interface RequestMessage {
  kind: "request";
  id: RequestId;
  method: string;
  params: Params;
}

export type Message =
  | RequestMessage
  | { kind: "notification"; method: string; params: Params }
  | { kind: "response" }
  | { kind: "invalid"; id: RequestId | null; problem: string };

export const errorCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  busy: -32000,
  refused: -32001,
} as const;

const noParams: Params = Object.freeze({});

function isRequestId(value: unknown): value is RequestId {
  return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

export function readMessage(value: unknown): Message {
  if (!isObject(value)) return { kind: "invalid", id: null, problem: "a message must be a JSON object" };
  const { id, method } = value;
  const knownId = isRequestId(id) ? id : null;
  const invalid = (problem: string): Message => ({ kind: "invalid", id: knownId, problem });
  if (value.jsonrpc !== "2.0") return invalid('jsonrpc must be "2.0"');
  if (method === undefined && ("result" in value || "error" in value)) {
    return knownId === null ? invalid("a response needs the id of its request") : { kind: "response" };
  }
  if (typeof method !== "string") return invalid("method must be a string");
  const params = value.params ?? noParams;
  if (!isObject(params)) return invalid("params must be an object");
  if (!("id" in value)) return { kind: "notification", method, params };
  if (knownId === null) return invalid("id must be a string or a number");
  // Above 2^53 it is another number once it is read: its response would answer nothing.
  if (Number.isInteger(knownId) && !Number.isSafeInteger(knownId)) {
    return { kind: "invalid", id: null, problem: "a number as id must be below 2^53; use a string" };
  }
  return { kind: "request", id: knownId, method, params };
}

export function resultText(id: RequestId, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`;
}

export function errorText(id: RequestId | null, code: number, message: string, data?: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } });
}

export function notificationText(method: string, params?: Params): string {
  return JSON.stringify({ jsonrpc: "2.0", method, ...(params ? { params } : {}) });
}
