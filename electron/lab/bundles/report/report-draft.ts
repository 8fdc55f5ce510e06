import { logText } from "../../../model/catalogue/log-entries.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import type { AnyInstant, AnySpan } from "../../../model/span.ts";
import type { SpanSink } from "../../../model/span-tracker.ts";
import type { RunReport } from "../../reports/run-report.ts";
import type { RunRecord } from "../format.ts";
import { RunSketch } from "../run-sketch.ts";
import { LogExcerpt } from "./log-excerpt.ts";
import { renderReport } from "./report-page.ts";
import { ReportTimeline } from "./report-timeline.ts";

/** Collects the data of the reports of one run as a stream; memory does not grow with the run. */
export class ReportDraft implements SpanSink {
  readonly #record: RunRecord;
  readonly #sketch: RunSketch;
  readonly #timeline: ReportTimeline;
  readonly #logs = new LogExcerpt();
  #decisions = 0;

  constructor(record: RunRecord) {
    this.#record = record;
    this.#sketch = new RunSketch(record);
    this.#timeline = new ReportTimeline(record);
  }

  passed(event: LabEvent): void {
    this.#sketch.take(event);
  }

  opened(span: AnySpan): void {
    this.#timeline.opened(span);
  }

  instant(instant: AnyInstant): void {
    this.#timeline.instant(instant);
    const logged = logText(instant);
    if (logged !== undefined) this.#logs.take(instant.atMs, logged);
    if (instant.kind === "decision") this.#decisions++;
  }

  report(): RunReport {
    return this.#sketch.report();
  }

  /** As one page of HTML. */
  page(): string {
    return renderReport({
      report: this.report(),
      view: this.#sketch.view(),
      record: this.#record,
      timeline: this.#timeline,
      logs: this.#logs,
      decisions: this.#decisions,
    });
  }
}
