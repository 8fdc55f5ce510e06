/** W3C trace context: the gateway continues the caller's trace with its own span. */
import { randomFillSync } from "node:crypto";
import { parseTraceparent } from "../../telemetry/trace-parent.ts";

export interface TraceContext {
  traceId: string;
  /** The gateway's own span. */
  spanId: string;
  /** The header for the backend: the caller's trace, with the gateway's span as the parent. */
  traceparent: string;
}

/** The message's context takes precedence over the HTTP request's; without either a new trace starts. */
export function continueTrace(fromMessage: unknown, fromHeader: unknown): TraceContext {
  const parent = parseTraceparent(fromMessage) ?? parseTraceparent(fromHeader);
  const traceId = parent?.traceId ?? randomHex(16);
  const spanId = randomHex(8);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${parent?.flags ?? "01"}` };
}

/** Random bytes are fetched in bulk: a call for a few costs as much as one for thousands. */
const pool = Buffer.alloc(8_192);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString("hex", used - bytes, used);
}
