import type { Decision, HealthStatus } from "../../../model/lab-event.ts";
import type { AnyInstant, AnySpan, Span } from "../../../model/span.ts";
import type { SpanSink } from "../../../model/span-tracker.ts";
import type { RunRecord } from "../format.ts";

/** Columns of the drawing: what falls into one column is drawn as one. */
export const COLUMNS = 1_000;
const SERVICES_LIMIT = 40;
/** Transitions of one service, after which those within a column are merged. */
const TRANSITIONS_LIMIT = 400;
const WORST_FIRST: readonly HealthStatus[] = ["down", "degraded", "unknown", "up"];

export interface HealthSegment {
  status: HealthStatus;
  startMs: number;
  endMs: number;
}

/** The drawn data of a run with any number of events: health as segments, decisions and logs as counts per column. */
export class ReportTimeline implements SpanSink {
  readonly durationMs: number;
  readonly decisions = new Map<Decision, Uint32Array>();
  readonly logs = new Uint32Array(COLUMNS);
  readonly #health = new Map<string, { status: HealthStatus; startMs: number }[]>();

  constructor(record: RunRecord) {
    this.durationMs = Math.max(1, record.durationMs);
  }

  opened(span: AnySpan): void {
    if (span.kind === "health") this.#takeHealth(span);
  }

  instant(instant: AnyInstant): void {
    if (instant.kind === "log") this.#count(this.logs, instant.atMs);
    else if (instant.kind === "decision") {
      const { decision } = instant.event;
      const counts = this.decisions.get(decision) ?? new Uint32Array(COLUMNS);
      this.decisions.set(decision, counts);
      this.#count(counts, instant.atMs);
    }
  }

  /** Services in the order in which they were first seen. */
  health(): [service: string, segments: HealthSegment[]][] {
    return [...this.#health].map(([service, changes]) => [
      service,
      changes.map(({ status, startMs }, index) => ({
        status,
        startMs,
        endMs: changes[index + 1]?.startMs ?? this.durationMs,
      })),
    ]);
  }

  #takeHealth({ name: service, status, startMs }: Span<"health">): void {
    const changes = this.#health.get(service) ?? [];
    if (changes.length === 0) {
      if (this.#health.size >= SERVICES_LIMIT) return;
      this.#health.set(service, changes);
    }
    const last = changes.at(-1);
    const isCrowded = changes.length >= TRANSITIONS_LIMIT;
    if (last !== undefined && isCrowded && this.#column(last.startMs) === this.#column(startMs)) {
      last.status = WORST_FIRST.find((each) => each === last.status || each === status) ?? status;
    } else changes.push({ status, startMs });
  }

  #count(counts: Uint32Array, atMs: number): void {
    const column = this.#column(atMs);
    counts[column] = (counts[column] ?? 0) + 1;
  }

  #column(atMs: number): number {
    return Math.min(COLUMNS - 1, Math.max(0, Math.floor((atMs / this.durationMs) * COLUMNS)));
  }
}
