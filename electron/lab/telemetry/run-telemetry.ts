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
/** A run with more than its limits is told so in its records at most so often. */
const DROPPED_EVERY_MS = 1_000;
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
  #dropped = { spans: 0, logs: 0, reason: "" };
  #droppedAtMs = Number.NEGATIVE_INFINITY;
  #waiting: TelemetryRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
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

  /** Resolves when what was taken is durable, or was counted as dropped. */
  async settled(): Promise<void> {
    this.#droppedAtMs = Number.NEGATIVE_INFINITY;
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
    this.#dropped[kind] += count;
    this.#dropped.reason = reason;
    this.#writeSoon();
    return reason;
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => this.#write(), WRITE_AFTER_MS).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#writing;
    this.#writing = before.then(() => this.#writeWaiting());
  }

  async #writeWaiting(): Promise<void> {
    const { spans, logs, reason } = this.#dropped;
    if (spans + logs > 0 && performance.now() - this.#droppedAtMs >= DROPPED_EVERY_MS) {
      this.#waiting.push({ record: "dropped", spans, logs, reason });
      this.#dropped = { spans: 0, logs: 0, reason: "" };
      this.#droppedAtMs = performance.now();
    }
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, WRITE_AT_ONCE);
      try {
        await this.#parts.store.addTelemetry(this.runId, batch);
      } catch (error) {
        this.#countLost(batch, `they could not be written: ${messageOf(error)}`);
      }
      this.#waiting.splice(0, batch.length);
      this.#parts.onStored(this.runId);
    }
    if (this.#dropped.spans + this.#dropped.logs > 0) this.#writeSoon();
  }

  #countLost(batch: readonly TelemetryRecord[], reason: string): void {
    for (const each of batch) {
      this.#dropped.spans += each.record === "span" ? 1 : each.record === "dropped" ? each.spans : 0;
      this.#dropped.logs += each.record === "log" ? 1 : each.record === "dropped" ? each.logs : 0;
    }
    this.#dropped.reason = reason;
  }
}
