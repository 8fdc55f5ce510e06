import { createHash } from "node:crypto";
import type { RunAnnotations } from "../../model/annotations.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { SpanTracker } from "../../model/span-tracker.ts";
import type { RunRecord } from "./format.ts";
import { SPANS_KEPT } from "./run-export.ts";
import { SummaryDraft } from "./viewer/summary-draft.ts";
import type { ViewerBuild } from "./viewer/viewer-build.ts";
import { ViewerPage } from "./viewer/viewer-page.ts";
import type { TextSink } from "./zip-writer.ts";

/** The viewer of runs whose redacted events pass by, with the summaries that it makes of them. */
export class RecordedViewer {
  readonly #page: ViewerPage;
  #draft: SummaryDraft | undefined;
  #tracker: SpanTracker | undefined;

  constructor(viewer: ViewerBuild | undefined, sink: TextSink, runs: number) {
    this.#page = new ViewerPage(viewer, sink, runs);
  }

  async beginRun(record: RunRecord, annotations: RunAnnotations): Promise<void> {
    this.#draft = new SummaryDraft(record, annotations);
    this.#tracker = new SpanTracker(this.#draft, SPANS_KEPT);
    await this.#page.beginRun(record, annotations);
  }

  /** @param line of the event, as a bundle has it */
  event(event: LabEvent, line: string): Promise<void> | undefined {
    this.#tracker?.take(event);
    return this.#page.event(line);
  }

  endEvents(): Promise<void> {
    return this.#page.endEvents();
  }

  telemetry(line: string): Promise<void> | undefined {
    return this.#page.telemetry(line);
  }

  async endRun(): Promise<void> {
    await this.#page.endRun(this.#draft?.summary() ?? "");
  }

  end(): Promise<void> {
    return this.#page.end();
  }
}

/**
 * The viewer that this lab would write for the runs of a bundle, to be compared with the one in it. That one is a program
 * from elsewhere: it is neither served, opened nor kept.
 */
export class ViewerCopy extends RecordedViewer {
  readonly #hash;

  constructor(viewer: ViewerBuild, runs: number) {
    const hash = createHash("sha256");
    const write = (text: string) => {
      hash.update(text);
      return undefined;
    };
    super(viewer, { write, end: async () => {} }, runs);
    this.#hash = hash;
  }

  /** SHA-256 of the whole file, as a manifest has it. */
  async sha256(): Promise<string> {
    await this.end();
    return this.#hash.digest("hex");
  }
}
