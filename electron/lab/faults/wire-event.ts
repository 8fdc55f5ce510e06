import { isObject, parseJson } from "../../model/json.ts";
import type { EventOf, WireOutcome } from "../../model/lab-event.ts";
import type { WireRecord } from "./wire-records.ts";

/** How an exchange ended, and why not well. */
export function outcomeOf(record: WireRecord): { outcome: WireOutcome; error?: string } {
  const { endMs, status, rpcError, answer, cut } = record;
  if (endMs === undefined) return { outcome: "open" };
  const error = errorOf(record);
  if (error !== undefined) return { outcome: "error", error };
  if (answer === "unread" || (status === undefined && rpcError === undefined && cut === undefined))
    return { outcome: "unknown" };
  return { outcome: "ok" };
}

function errorOf({ status, rpcError, isError, answer, cut, events, http }: WireRecord): string | undefined {
  if (status !== undefined && status >= 400) return `HTTP ${status}`;
  if (rpcError !== undefined) return `JSON-RPC error ${rpcError.code}: ${rpcError.message}`;
  if (isError) return "the tool answered with an error";
  // A client ends its stream of a server's messages like this.
  const isStreamOver = cut?.startsWith("the caller") && events !== undefined && http.startsWith("GET ");
  if (cut !== undefined && !isStreamOver) return cut;
  return answer === "missing" ? "the reply has no answer to the call" : undefined;
}

/** What a call's event has of its record. */
export function wireEventOf(
  record: WireRecord,
): Omit<EventOf<"wire.call">, "runId" | "seq" | "atMs" | "wallMs" | "isCounted"> {
  const { id, at, link, http, requestBytes, replyBytes, sessionId, traceparent, endMs, toxics = [] } = record;
  const { method, tool, jsonrpcId, firstByteMs, status, events, requestBody, replyBody } = record;
  const optional = {
    method,
    tool,
    jsonrpcId,
    session: sessionId,
    traceId: traceparent?.split("-")[1],
    spanId: traceparent?.split("-")[2],
    firstByteMs,
    endedWallMs: endMs === undefined ? undefined : at + endMs,
    status,
    events,
    requestBody: bodyOf(requestBody),
    replyBody: bodyOf(replyBody),
  };
  return {
    type: "wire.call",
    call: id,
    link,
    http,
    startedWallMs: at,
    requestBytes,
    replyBytes,
    faults: toxics,
    ...outcomeOf(record),
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as object),
  };
}

/** As JSON where it is, so that fields that hold secrets are known by their names. */
function bodyOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  return isObject(parsed) || Array.isArray(parsed) ? parsed : text;
}
