import { isFailure, priorityOf } from "../../electron/model/catalogue/catalogue.ts";
import type { EventOf, LabEvent } from "../../electron/model/lab-event.ts";
import type { LaneKind } from "../../electron/model/lanes.ts";
import { type Look, lookOfInstant, lookOfSpan } from "../../electron/model/looks.ts";
import { type AnyInstant, type AnySpan, OPEN } from "../../electron/model/span.ts";
import type { SpanSink } from "../../electron/model/span-tracker.ts";
import { Lane } from "./lane.ts";
import { RowPacking } from "./row-packing.ts";
import type { RunPreview } from "./run-preview.ts";

const MAX_ROWS = 6;

/**
 * The lanes of a run, updated with its spans and instants at constant cost each. Independent of pixels and of the meaning
 * of events. A lane has one kind of spans, so that a span's index within its kind is its index in the lane.
 */
export class TimelineModel implements SpanSink {
  readonly lanes: Readonly<Record<LaneKind, Lane>> = {
    phases: new Lane("phases", "Phase"),
    steps: new Lane("steps", "Steps"),
    faults: new Lane("faults", "Faults"),
    hits: new Lane("hits", "Fault hits"),
    health: new Lane("health", "Health"),
    backends: new Lane("backends", "Servers"),
    calls: new Lane("calls", "Tool calls"),
    links: new Lane("links", "Calls on links"),
    approvals: new Lane("approvals", "Approvals"),
    checks: new Lane("checks", "Checks"),
    logs: new Lane("logs", "Logs"),
  };
  readonly #packings = new Map<LaneKind, RowPacking>(
    (["steps", "faults", "calls", "links", "approvals"] as const).map((kind) => [
      kind,
      new RowPacking(this.lanes[kind].spans, MAX_ROWS),
    ]),
  );
  /** Opening event of the span that each event belongs to: selecting either selects the same span. */
  readonly #openedBy = new Map<number, number>();
  /** Numbers of events that are a failure or a refusal, in log order. */
  readonly errorSeqs: number[] = [];
  /** Times of events, ascending: the time between may be idle. */
  readonly instantsMs: number[] = [];
  /**
   * By span index, the end of its activity: a wait step has none, and after a fault is applied only its effect lasts, which
   * may be idle.
   */
  readonly #doneMs = { steps: [] as number[], faults: [] as number[] };
  /** Preview of a long run beyond the events taken so far. */
  preview: RunPreview | undefined;
  /** Events from here on are not saved yet. */
  unsavedFromMs: number | undefined;
  lastMs = 0;
  hasEnded = false;

  passed(event: LabEvent): void {
    this.passedUntil(event.atMs);
    if (priorityOf(event) === "essential") this.instantsMs.push(this.lastMs);
    if (isFailure(event)) this.errorSeqs.push(event.seq);
  }

  passedUntil(atMs: number): void {
    this.lastMs = Math.max(this.lastMs, atMs);
  }

  began({ services }: EventOf<"run.started">): void {
    for (const { name } of services) {
      this.lanes.health.rowOf(name);
      this.lanes.logs.rowOf(name);
    }
  }

  opened(span: AnySpan): void {
    this.#add(lookOfSpan(span), span.startMs, span.endMs, span.seq);
    this.#noteDone(span);
  }

  changed(span: AnySpan, seq: number | undefined): void {
    const { lane: kind, tone, label } = lookOfSpan(span);
    const { spans } = this.lanes[kind];
    spans.amend(span.index, { startMs: span.startMs, endMs: span.endMs, tone });
    this.lanes[kind].setLabel(span.index, label);
    this.#noteDone(span);
    if (span.endMs !== OPEN) this.#packings.get(kind)?.ended(spans.row[span.index] ?? 0, span.endMs);
    if (seq !== undefined && !this.#openedBy.has(seq)) this.#openedBy.set(seq, span.seq);
  }

  instant(instant: AnyInstant): void {
    const look = lookOfInstant(instant);
    if (look !== undefined) this.#add(look, instant.atMs, instant.atMs, instant.seq);
  }

  finished(): void {
    this.hasEnded = true;
  }

  /** The last known moment, including events not taken yet. */
  get endMs(): number {
    return Math.max(this.lastMs, this.preview?.lastMs ?? 0);
  }

  /** Periods in which a step, a call or an approval was in progress or a fault was being applied; open ones up to now. */
  *inProgress(): Generator<{ startMs: number; endMs: number }> {
    const doneMs: Partial<Record<LaneKind, readonly number[]>> = this.#doneMs;
    for (const kind of ["steps", "calls", "approvals", "faults"] as const) {
      const { spans } = this.lanes[kind];
      for (let index = 0; index < spans.length; index++) {
        const endMs = doneMs[kind]?.[index] ?? spans.endAt(index);
        yield { startMs: spans.startAt(index), endMs: Math.min(endMs, this.lastMs) };
      }
    }
  }

  #noteDone({ kind, index, startMs, endMs, attributes }: AnySpan): void {
    if (kind === "step") this.#doneMs.steps[index] = attributes.kind === "wait" ? startMs : endMs;
    if (kind === "fault") this.#doneMs.faults[index] = attributes.appliedMs ?? endMs;
  }

  hasAny(kind: LaneKind): boolean {
    return this.lanes[kind].spans.length > 0 || (this.preview?.marks(kind).length ?? 0) > 0;
  }

  /** The opening event of the span that this event belongs to. */
  spanSeq(seq: number): number {
    return this.#openedBy.get(seq) ?? seq;
  }

  rowsOf(kind: LaneKind): number {
    return this.#packings.get(kind)?.rows ?? Math.max(1, this.lanes[kind].rowTitles.length);
  }

  #add({ lane: kind, row: rowTitle, tone, label }: Look, startMs: number, endMs: number, seq: number): void {
    const lane = this.lanes[kind];
    const row = rowTitle === undefined ? this.#packings.get(kind)?.rowFor(startMs, endMs) : lane.rowOf(rowTitle);
    const index = lane.spans.add({ startMs, endMs, tone, row: row ?? 0, seq });
    if (label.length > 0) lane.setLabel(index, label);
  }
}
