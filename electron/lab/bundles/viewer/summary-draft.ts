import type { RunAnnotations } from "../../../model/annotations.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import type { AnyInstant } from "../../../model/span.ts";
import type { SpanSink } from "../../../model/span-tracker.ts";
import type { RunReport } from "../../reports/run-report.ts";
import type { RunRecord } from "../format.ts";
import { RunSketch } from "../run-sketch.ts";
import { renderSummary } from "./run-summary.ts";

/** Collects the data of the report and the summary of one run as a stream; memory does not grow with the run. */
export class SummaryDraft implements SpanSink {
  readonly #record: RunRecord;
  readonly #sketch: RunSketch;
  readonly #annotations: RunAnnotations;
  #decisions = 0;

  constructor(record: RunRecord, annotations: RunAnnotations) {
    this.#annotations = annotations;
    this.#record = record;
    this.#sketch = new RunSketch(record);
  }

  passed(event: LabEvent): void {
    this.#sketch.take(event);
  }

  instant(instant: AnyInstant): void {
    if (instant.kind === "decision") this.#decisions++;
  }

  report(): RunReport {
    return this.#sketch.report();
  }

  /** As HTML. */
  summary(): string {
    return renderSummary({
      report: this.report(),
      view: this.#sketch.view(),
      record: this.#record,
      annotations: this.#annotations,
      decisions: this.#decisions,
    });
  }
}
