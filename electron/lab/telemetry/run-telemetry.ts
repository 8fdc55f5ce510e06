import type { JoinedBy, TelemetryRecord } from "../../model/telemetry.ts";
import type { RunStore } from "../history/run-store.ts";
import { messageOf } from "../lab-error.ts";
import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";
import { recordOfLog, recordOfSpan } from "./bounded-record.ts";
import { RUN_ID_KEY } from "./run-traces.ts";

export interface RunLimits {
  spans: number;
  logs: number;
  /** Characters of JSON of all records. */
  chars: number;
  /** Records that wait to be written. */
  waiting: number;
}

/** What one run keeps. What is beyond is counted. */
export const RUN_LIMITS: RunLimits = { spans: 100_000, logs: 20_000, chars: 128 * 1024 * 1024, waiting: 20_000 };
const TRACES_LIMIT = 100_000;
const WRITE_AFTER_MS = 100;
const WRITE_AT_ONCE = 500;
/** A run with more than its limits is told so in its records at most so often; while that cannot be written, seldomer. */
const DROPPED_EVERY_MS = 1_000;
const DROPPED_PAUSE_LIMIT_MS = 60_000;
/** Clocks of containers and of this process are those of one machine; both are read in whole milliseconds. */
const TIME_SLACK_US = 5_000;

export interface RunTelemetryParts {
  runId: string;
  startedWallMs: number;
  store: Pick<RunStore, "addTelemetry">;
  /** Absent for a run that is kept raw. */
  redact: ((record: TelemetryRecord) => TelemetryRecord) | undefined;
  /** Called once records are durable. */
  onStored: (runId: string) => void;
  limits?: RunLimits;
}

/** Collects the spans and logs of one run, while it is in progress and for a while after its end. */
export class RunTelemetry {
  readonly runId: string;
  readonly #parts: RunTelemetryParts;
  readonly #limits: RunLimits;
  readonly #redact: (record: TelemetryRecord) => TelemetryRecord;
  readonly #traces = new Set<string>();
  readonly #startedUs: number;
  #endedUs: number | undefined;
  #taken = { spans: 0, logs: 0, chars: 0 };
  /** What was dropped and is not yet told in the records, by its reason. */
  readonly #dropped = new Map<string, { spans: number; logs: number }>();
  #droppedPauseMs = DROPPED_EVERY_MS;
  #droppedFromMs = Number.NEGATIVE_INFINITY;
  #isSettled = false;
  #waiting: TelemetryRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: RunTelemetryParts) {
    this.runId = parts.runId;
    this.#parts = parts;
    this.#limits = parts.limits ?? RUN_LIMITS;
    this.#redact = parts.redact ?? ((record) => record);
    this.#startedUs = parts.startedWallMs * 1_000;
  }

  /** Notes a trace that the run has started, or that one of its calls was seen in. */
  knows(traceId: string): void {
    if (this.#traces.size < TRACES_LIMIT) this.#traces.add(traceId);
  }

  /** Takes the run's baggage into account: a span that names the run makes its whole trace the run's. */
  learn({ traceId, attributes }: TraceSpan): void {
    if (attributes[RUN_ID_KEY] === this.runId) this.knows(traceId);
  }

  /** How a record belongs to this run by its ids; undefined when they do not say. */
  claims(traceId: string | undefined, attributes: Attributes): JoinedBy | undefined {
    if (attributes[RUN_ID_KEY] === this.runId) return "run";
    return traceId !== undefined && this.#traces.has(traceId) ? "trace" : undefined;
  }

  /** Whether it is of the time of this run. */
  isInTime(atUs: number): boolean {
    return (
      atUs >= this.#startedUs - TIME_SLACK_US && atUs <= (this.#endedUs ?? Number.POSITIVE_INFINITY) + TIME_SLACK_US
    );
  }

  /** @returns why it is not kept; undefined when it is */
  takeSpan(span: TraceSpan, joinedBy: JoinedBy): string | undefined {
    return this.#take("spans", () => recordOfSpan(span, joinedBy));
  }

  /** @returns why it is not kept; undefined when it is */
  takeLog(log: TraceLog, joinedBy: JoinedBy): string | undefined {
    return this.#take("logs", () => recordOfLog(log, joinedBy));
  }

  /** Records of a later time are no longer this run's by their time alone. */
  ended(endedWallMs: number): void {
    this.#endedUs = endedWallMs * 1_000;
  }

  /** Resolves when what was taken is durable, or could not be written, which is not tried again. */
  async settled(): Promise<void> {
    this.#isSettled = true;
    this.#droppedFromMs = Number.NEGATIVE_INFINITY;
    this.#write();
    await this.#writing;
  }

  #take(kind: "spans" | "logs", make: () => TelemetryRecord): string | undefined {
    const full = this.#whyFull(kind);
    if (full !== undefined) return this.#drop(kind, 1, full);
    const record = this.#redact(make());
    this.#taken[kind]++;
    this.#taken.chars += JSON.stringify(record).length;
    this.#waiting.push(record);
    if (this.#waiting.length >= WRITE_AT_ONCE) this.#write();
    else this.#writeSoon();
    return undefined;
  }

  #whyFull(kind: "spans" | "logs"): string | undefined {
    const { [kind]: limit, chars, waiting } = this.#limits;
    if (this.#taken[kind] >= limit) return `a run keeps ${limit} ${kind}`;
    if (this.#taken.chars >= chars) return `a run keeps ${chars} characters of spans and logs`;
    return this.#waiting.length >= waiting ? `${waiting} records wait to be written` : undefined;
  }

  #drop(kind: "spans" | "logs", count: number, reason: string): string {
    this.#count(reason, { spans: 0, logs: 0, [kind]: count });
    this.#reportDropped();
    return reason;
  }

  #count(reason: string, { spans, logs }: { spans: number; logs: number }): void {
    const before = this.#dropped.get(reason) ?? { spans: 0, logs: 0 };
    this.#dropped.set(reason, { spans: before.spans + spans, logs: before.logs + logs });
  }

  #reportDropped(): void {
    this.#writeSoon(Math.max(WRITE_AFTER_MS, this.#droppedFromMs - performance.now()));
  }

  #writeSoon(afterMs = WRITE_AFTER_MS): void {
    const atMs = performance.now() + afterMs;
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => this.#write(), afterMs).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#writing;
    this.#writing = before.then(() => this.#writeWaiting());
  }

  async #writeWaiting(): Promise<void> {
    if (this.#dropped.size > 0 && performance.now() >= this.#droppedFromMs) {
      for (const [reason, counts] of this.#dropped) this.#waiting.push({ record: "dropped", ...counts, reason });
      this.#dropped.clear();
      this.#droppedFromMs = performance.now() + this.#droppedPauseMs;
    }
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, WRITE_AT_ONCE);
      try {
        await this.#parts.store.addTelemetry(this.runId, batch);
        this.#droppedPauseMs = DROPPED_EVERY_MS;
      } catch (error) {
        this.#countLost(batch, `they could not be written: ${messageOf(error)}`);
        this.#droppedFromMs = performance.now() + this.#droppedPauseMs;
        this.#droppedPauseMs = Math.min(2 * this.#droppedPauseMs, DROPPED_PAUSE_LIMIT_MS);
      }
      this.#waiting.splice(0, batch.length);
      this.#parts.onStored(this.runId);
    }
    if (this.#dropped.size > 0 && !this.#isSettled) this.#reportDropped();
  }

  #countLost(batch: readonly TelemetryRecord[], reason: string): void {
    for (const each of batch) {
      if (each.record === "dropped") this.#count(each.reason, each);
      else this.#count(reason, { spans: each.record === "span" ? 1 : 0, logs: each.record === "log" ? 1 : 0 });
    }
  }
}
