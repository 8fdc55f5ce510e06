/** Version ff is invalid, and later versions may append fields: https://www.w3.org/TR/trace-context/ */
const pattern = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeros = /^0+$/;

export interface Traceparent {
  traceId: string;
  spanId: string;
  flags: string;
}

/** Undefined for what is no trace context. */
export function parseTraceparent(text: unknown): Traceparent | undefined {
  if (typeof text !== "string") return undefined;
  const [, traceId, spanId, flags] = pattern.exec(text) ?? [];
  if (!traceId || !spanId || !flags || zeros.test(traceId) || zeros.test(spanId)) return undefined;
  return { traceId, spanId, flags };
}
