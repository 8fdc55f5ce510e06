import type { StreamItem } from "../../electron/contract/events.ts";
import { foldItems } from "../../electron/contract/fold-stream.ts";
import type { LaneSummary } from "../../electron/contract/history.ts";
import { emptyRunView, type RunView } from "../../electron/lab/events/fold.ts";
import type { LabEvent } from "../../electron/lab/events/lab-event.ts";
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
  readonly #checkpoints: { items: number; view: RunView }[] = [{ items: 0, view: emptyRunView }];
  #moment = { items: 0, view: emptyRunView };

  constructor(runId: string) {
    this.runId = runId;
  }

  take(items: readonly StreamItem[], lastSeq: number): void {
    const known = this.view.seq;
    const fresh = items.filter((item) => lastNumber(item) > known);
    this.view = foldItems(this.view, fresh);
    this.timeline.take(fresh);
    for (const item of fresh) this.items.push(item);
    this.lastSeq = Math.max(this.lastSeq, lastSeq, this.view.seq);
    this.version++;
    const newest = this.#checkpoints.at(-1);
    if (newest !== undefined && this.items.length - newest.items >= CHECKPOINT_ITEMS) {
      this.#checkpoints.push({ items: this.items.length, view: this.view });
    }
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
    let low = 0;
    let high = this.items.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const item = this.items[middle];
      if (item === undefined) return undefined;
      const first = item.type === "skipped" ? item.fromSeq : item.seq;
      if (first <= seq && seq <= lastNumber(item)) return item.type === "skipped" ? undefined : item;
      if (first > seq) high = middle - 1;
      else low = middle + 1;
    }
    return undefined;
  }
}

function lastNumber(item: StreamItem): number {
  return item.type === "skipped" ? item.toSeq : item.seq;
}
