/** W3C trace context: the gateway continues the caller's trace with its own span. */
import { randomFillSync } from "node:crypto";

export interface TraceContext {
  traceId: string;
  /** The gateway's own span. */
  spanId: string;
  /** The header for the backend: the caller's trace, with the gateway's span as the parent. */
  traceparent: string;
}

// Version ff is invalid, and later versions may append fields (https://www.w3.org/TR/trace-context/).
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeros = /^0+$/;

/** The message's context takes precedence over the HTTP request's; without either a new trace starts. */
export function continueTrace(fromMessage: unknown, fromHeader: unknown): TraceContext {
  const parent = parse(fromMessage) ?? parse(fromHeader);
  const traceId = parent?.traceId ?? randomHex(16);
  const spanId = randomHex(8);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${parent?.flags ?? "01"}` };
}

function parse(text: unknown): { traceId: string; flags: string } | undefined {
  if (typeof text !== "string") return undefined;
  const [, traceId, parentId, flags] = traceparentPattern.exec(text) ?? [];
  if (!traceId || !parentId || !flags || zeros.test(traceId) || zeros.test(parentId)) return undefined;
  return { traceId, flags };
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
