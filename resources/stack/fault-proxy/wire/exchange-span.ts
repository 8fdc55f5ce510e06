/**
 * A span for an exchange that a fault met, below that of its caller, so that any backend of traces shows what was injected.
 * Other exchanges have none: their caller and their callee send theirs, and the lab reads all of them on the link.
 */
import { tracing } from "../../telemetry/tracing.ts";
import type { WireCall } from "./wire-call.ts";

export function traceExchange(record: WireCall): void {
  const { id, at, link, http, method, tool, traceparent, status, cut, toxics = [], endMs = 0 } = record;
  if (toxics.length === 0 || traceparent === undefined) return;
  const span = tracing()?.start({
    name: method === undefined ? http : [method, tool].filter(Boolean).join(" "),
    kind: "internal",
    contexts: [{ traceparent }],
    startedMs: at,
    attributes: {
      "mcp.method.name": method,
      "gen_ai.tool.name": tool,
      "http.response.status_code": status,
      "resilience_lab.exchange": id,
      "resilience_lab.link": link,
      "resilience_lab.faults": toxics.join(", "),
    },
  });
  span?.end({ "error.type": cut === undefined ? undefined : "connection_cut" }, cut, at + endMs);
}
