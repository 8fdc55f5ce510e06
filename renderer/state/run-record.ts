import type { RunProgress, SkippedProgress, StreamItem } from "../../electron/contract/events.ts";
import type { LaneSummary } from "../../electron/contract/history.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { RunTelemetry } from "../../electron/model/run-telemetry.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { type MomentLooks, momentLooks } from "../timeline/moment-looks.ts";
import { RunPreview } from "../timeline/run-preview.ts";
import { TimelineModel } from "../timeline/timeline-model.ts";

/** The log of one run in this page, with its model and its timeline. Grows in place, with a new `version`. */
export class RunRecord {
  readonly runId: string;
  readonly items: StreamItem[] = [];
  readonly timeline = new TimelineModel();
  /** What services sent, once someone asks for it: see `useTelemetry`. */
  readonly telemetry = new RunTelemetry();
  readonly #model = new RunModel(this.timeline);
  version = 0;
  /** The run's last sequence number, known before all events have arrived. */
  lastSeq = 0;
  /** Events up to this number are on disk. */
  savedSeq = 0;
  /** Why later events are not; null when no write has failed. */
  unsaved: RunProgress["unsaved"] = null;
  #moment: RunView | undefined;

  constructor(runId: string) {
    this.runId = runId;
  }

  take(items: readonly StreamItem[], { lastSeq, savedSeq, unsaved }: RunProgress): void {
    for (const item of items) {
      if (lastNumber(item) <= this.#model.seq) continue;
      if (item.type === "skipped") this.#skip(item);
      else this.#model.take(item);
      this.items.push(item);
    }
    this.lastSeq = Math.max(this.lastSeq, lastSeq, this.view.seq);
    this.savedSeq = Math.max(this.savedSeq, savedSeq);
    this.unsaved = unsaved;
    this.timeline.unsavedFromMs = this.#unsavedFromMs();
    this.version++;
  }

  /** The newest view. The same object at every version: it grows with the record. */
  get view(): RunView {
    return this.#model;
  }

  isSaved(item: StreamItem): boolean {
    return lastNumber(item) <= this.savedSeq;
  }

  #unsavedFromMs(): number | undefined {
    if (this.savedSeq >= this.view.seq) return undefined;
    return this.items[this.#indexAfter(this.savedSeq)]?.atMs;
  }

  /** Number of the run's events that have not arrived yet. */
  get behind(): number {
    return this.lastSeq - this.view.seq;
  }

  /** Sets a preview of the whole run until all events have arrived. */
  preview(summary: LaneSummary): void {
    this.timeline.preview = new RunPreview(summary);
    this.version++;
  }

  /** The view at this moment of the run. */
  viewAt(ms: number | undefined): RunView {
    if (ms === undefined) return this.view;
    const count = this.countAt(ms);
    if (count === this.items.length) return this.view;
    const last = this.items[count - 1];
    const seq = last === undefined ? 0 : lastNumber(last);
    if (this.#moment?.seq !== seq) this.#moment = this.#model.asOf(seq, last?.atMs ?? 0);
    return this.#moment;
  }

  /** How spans in progress at this moment looked then; undefined for the newest moment. */
  looksAt(ms: number | undefined): MomentLooks | undefined {
    return ms === undefined ? undefined : momentLooks(this.view, this.viewAt(ms).seq, ms);
  }

  #skip(skipped: SkippedProgress): void {
    this.#model.skip(skipped);
    this.timeline.passedUntil(skipped.atMs);
  }

  /** Number of items up to this moment. */
  countAt(ms: number | undefined): number {
    if (ms === undefined) return this.items.length;
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.items[middle]?.atMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  event(seq: number): LabEvent | undefined {
    const item = this.items[this.#indexAfter(seq - 1)];
    return item?.type !== "skipped" && item?.seq === seq ? item : undefined;
  }

  /** Index of the first item with a number above this one. */
  #indexAfter(seq: number): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.items[middle];
      if (item !== undefined && lastNumber(item) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lastNumber(item: StreamItem): number {
  return item.type === "skipped" ? item.toSeq : item.seq;
}
