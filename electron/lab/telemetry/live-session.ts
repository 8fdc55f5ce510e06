import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { Trace, TraceSpan } from "../trace-files/trace.ts";

/** A session is complete so long after its last root span, unless another span arrives. */
export const AFTER_ROOT_MS = 3_000;
/** And so long after anything arrived. */
export const AFTER_IDLE_MS = 30_000;

export interface SessionLimits {
  spans: number;
  logs: number;
  sessions: number;
}

export const SESSION_LIMITS: SessionLimits = { spans: 10_000, logs: 5_000, sessions: 100 };

/** What an agent outside any run sent of one conversation. */
export class LiveSession {
  readonly id: string;
  /** What it is grouped by: the name of a session, the id of a conversation, or the trace. */
  readonly name: string;
  /** Whether only its trace says what belongs together. */
  readonly isOfTrace: boolean;
  readonly spans: TraceSpan[] = [];
  readonly logs: TraceLog[] = [];
  readonly traces = new Set<string>();
  /** Records that were not kept. */
  dropped = { spans: 0, logs: 0 };
  #arrivedMs: number;
  /** When the last span without a parent arrived, if no other span has since. */
  #rootMs: number | undefined;
  #isReopened = false;

  constructor(id: string, name: string, isOfTrace: boolean, nowMs: number) {
    this.id = id;
    this.name = name;
    this.isOfTrace = isOfTrace;
    this.#arrivedMs = nowMs;
  }

  /** @returns why it is not kept; undefined when it is */
  takeSpan(span: TraceSpan, nowMs: number, { spans: limit }: SessionLimits): string | undefined {
    this.#isReopened ||= this.isComplete(nowMs);
    this.#arrivedMs = nowMs;
    this.#rootMs = span.parentId === undefined && span.endUs !== undefined ? nowMs : undefined;
    this.traces.add(span.traceId);
    if (this.spans.length < limit) {
      this.spans.push(span);
      return undefined;
    }
    this.dropped.spans++;
    return `a session keeps ${limit} spans`;
  }

  /** @returns why it is not kept; undefined when it is */
  takeLog(log: TraceLog, nowMs: number, { logs: limit }: SessionLimits): string | undefined {
    this.#arrivedMs = nowMs;
    if (this.logs.length < limit) {
      this.logs.push(log);
      return undefined;
    }
    this.dropped.logs++;
    return `a session keeps ${limit} logs`;
  }

  /** Takes over what was known of it by its trace alone. */
  absorb(other: LiveSession, limits: SessionLimits): void {
    const [spans, logs] = [limits.spans - this.spans.length, limits.logs - this.logs.length].map((n) => Math.max(0, n));
    this.spans.push(...other.spans.slice(0, spans));
    this.logs.push(...other.logs.slice(0, logs));
    this.dropped.spans += other.dropped.spans + other.spans.slice(spans).length;
    this.dropped.logs += other.dropped.logs + other.logs.slice(logs).length;
    for (const trace of other.traces) this.traces.add(trace);
  }

  isComplete(nowMs: number): boolean {
    return nowMs >= this.completeAtMs;
  }

  /** When it is complete unless something arrives before. */
  get completeAtMs(): number {
    const idle = this.#arrivedMs + AFTER_IDLE_MS;
    return this.#rootMs === undefined ? idle : Math.min(idle, this.#rootMs + AFTER_ROOT_MS);
  }

  /** Spans came after it was complete. */
  get isReopened(): boolean {
    return this.#isReopened;
  }

  get startedUs(): number {
    return this.spans.reduce((first, { startUs }) => Math.min(first, startUs), Number.POSITIVE_INFINITY);
  }

  /** All that it has as one trace, by its start: the turns of a conversation may be traces of their own. */
  asTrace(): Trace {
    const [traceId = this.id] = this.traces;
    return { traceId, spans: this.spans.toSorted((one, other) => one.startUs - other.startUs) };
  }
}
