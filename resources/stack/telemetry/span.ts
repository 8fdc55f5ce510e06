/** Spans as the services use them, whatever makes them. */
export type AttributeValue = string | number | boolean;
export type SpanAttributes = Record<string, AttributeValue | undefined>;

/** Trace context as it is sent: https://www.w3.org/TR/trace-context/ and https://www.w3.org/TR/baggage/ */
export interface TraceContext {
  traceparent?: string | undefined;
  baggage?: string | undefined;
}

export interface SpanStart {
  /** `{method} {target}`. */
  name: string;
  kind: "client" | "server" | "internal";
  /** The first that is a context is the parent, and the next one is linked; without any a new trace begins. */
  contexts?: readonly TraceContext[];
  attributes?: SpanAttributes;
  /** When it began, in milliseconds since 1970; now unless set. */
  startedMs?: number;
}

export interface RunningSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** For those that are called from within this span. */
  readonly context: TraceContext;
  event(name: string, attributes?: SpanAttributes): void;
  /** Once; `error.type` among the attributes marks the span as failed. @param endedMs since 1970; now unless set */
  end(attributes?: SpanAttributes, problem?: string, endedMs?: number): void;
}

export interface Tracing {
  start(span: SpanStart): RunningSpan;
  /** Sends what is left, in bounded time. */
  stop(): Promise<void>;
}
