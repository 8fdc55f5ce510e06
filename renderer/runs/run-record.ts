import type { RunProgress, StreamItem } from "../../electron/contract/events.ts";
import { foldItems } from "../../electron/contract/fold-stream.ts";
import type { LaneSummary } from "../../electron/contract/history.ts";
import { emptyRunView, type RunView } from "../../electron/model/fold.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { Outline } from "../timeline/outline.ts";
import { TimelineModel } from "../timeline/timeline-model.ts";

const CHECKPOINT_ITEMS = 2_048;

/**
 * The log of one run as this page has it, and what is folded from it: the newest view, the timeline, and the view at any
 * earlier moment. Grows in place; `version` tells that it has.
 */
export class RunRecord {
  readonly runId: string;
  readonly items: StreamItem[] = [];
  readonly timeline = new TimelineModel();
  view: RunView = emptyRunView;
  version = 0;
  /** The run's last number, known before all of it has arrived. */
  lastSeq = 0;
  /** Events up to this number are on disk. */
  savedSeq = 0;
  /** Why those after it are not; null when nothing has failed. */
  unsaved: RunProgress["unsaved"] = null;
  readonly #checkpoints: { items: number; view: RunView }[] = [{ items: 0, view: emptyRunView }];
  #moment = { items: 0, view: emptyRunView };

  constructor(runId: string) {
    this.runId = runId;
  }

  take(items: readonly StreamItem[], { lastSeq, savedSeq, unsaved }: RunProgress): void {
    const known = this.view.seq;
    const fresh = items.filter((item) => lastNumber(item) > known);
    this.view = foldItems(this.view, fresh);
    this.timeline.take(fresh);
    for (const item of fresh) this.items.push(item);
    this.lastSeq = Math.max(this.lastSeq, lastSeq, this.view.seq);
    this.savedSeq = Math.max(this.savedSeq, savedSeq);
    this.unsaved = unsaved;
    this.timeline.unsavedFromMs = this.#unsavedFromMs();
    this.version++;
    const newest = this.#checkpoints.at(-1);
    if (newest !== undefined && this.items.length - newest.items >= CHECKPOINT_ITEMS) {
      this.#checkpoints.push({ items: this.items.length, view: this.view });
    }
  }

  isSaved(item: StreamItem): boolean {
    return lastNumber(item) <= this.savedSeq;
  }

  #unsavedFromMs(): number | undefined {
    if (this.savedSeq >= this.view.seq) return undefined;
    return this.items[this.#indexAfter(this.savedSeq)]?.atMs;
  }

  /** How many of the run's events have yet to arrive. */
  get behind(): number {
    return this.lastSeq - this.view.seq;
  }

  /** What the whole run looks like, for the time until all of it has arrived. */
  foresee(summary: LaneSummary): void {
    this.timeline.outline = new Outline(summary);
    this.version++;
  }

  /** How everything stood at this moment of the run: the fold of what had happened by then. */
  viewAt(ms: number | undefined): RunView {
    if (ms === undefined) return this.view;
    const count = this.countAt(ms);
    if (count === this.items.length) return this.view;
    if (this.#moment.items !== count) {
      const from = this.#checkpoints.findLast(({ items }) => items <= count) ?? { items: 0, view: emptyRunView };
      this.#moment = { items: count, view: foldItems(from.view, this.items.slice(from.items, count)) };
    }
    return this.#moment.view;
  }

  /** How many items had happened by then. */
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

  /** Of the first item that has a number above this one. */
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
