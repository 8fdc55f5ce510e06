import type { DroppedTelemetry, TelemetryLog, TelemetryRecord, TelemetrySpan } from "./telemetry.ts";

/** The spans and logs of a run that have arrived so far, in that order. Grows in place. */
export class RunTelemetry {
  readonly spans: TelemetrySpan[] = [];
  readonly logs: TelemetryLog[] = [];
  /** What was received and not kept, by its reason. */
  readonly dropped = new Map<string, { spans: number; logs: number }>();
  /** Position to resume from. */
  next = 0;

  take(records: readonly TelemetryRecord[], next: number): void {
    for (const record of records) {
      if (record.record === "span") this.spans.push(record);
      else if (record.record === "log") this.logs.push(record);
      else this.#drop(record);
    }
    this.next = next;
  }

  #drop({ spans, logs, reason }: DroppedTelemetry): void {
    const before = this.dropped.get(reason) ?? { spans: 0, logs: 0 };
    this.dropped.set(reason, { spans: before.spans + spans, logs: before.logs + logs });
  }
}
