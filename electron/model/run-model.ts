import type { EventOf, LabEvent } from "./lab-event.ts";
import type { RunView } from "./run-view.ts";
import type { AnyInstant, AnySpan, Instant, InstantKind, Span, SpanKind } from "./span.ts";
import { type SpanSink, SpanTracker } from "./span-tracker.ts";

/** Instants of a view; log lines are many and are only in the log. */
type KeptInstant = Exclude<InstantKind, "log" | "logs dropped" | "wire calls dropped">;

/**
 * One run: its newest view, built event by event, and the view after any earlier event. A live run, a run from history
 * and an imported bundle are handled the same.
 */
export class RunModel implements RunView {
  seq = 0;
  runId = "";
  lastMs = 0;
  started: EventOf<"run.started"> | undefined;
  ended: RunView["ended"];
  readonly #spans: { readonly [Kind in SpanKind]: Span<Kind>[] } = {
    phase: [],
    step: [],
    fault: [],
    health: [],
    backend: [],
    call: [],
    wire: [],
    approval: [],
  };
  readonly #instants: { readonly [Kind in KeptInstant]: Instant<Kind>[] } = {
    decision: [],
    hit: [],
    check: [],
    warning: [],
  };
  readonly #tracker: SpanTracker;

  /** @param also receives every span and instant too */
  constructor(also: SpanSink = {}) {
    this.#tracker = new SpanTracker({
      passed: (event) => also.passed?.(event),
      began: (event) => {
        this.runId = event.runId;
        this.started = event;
        also.began?.(event);
      },
      opened: (span) => {
        this.#keep(span);
        also.opened?.(span);
      },
      changed: (span, seq) => {
        this.#keep(span);
        also.changed?.(span, seq);
      },
      instant: (instant) => {
        this.#keepInstant(instant);
        also.instant?.(instant);
      },
      finished: (event) => {
        this.ended = { outcome: event.outcome, reason: event.reason, atMs: event.atMs };
        also.finished?.(event);
      },
    });
  }

  static of(events: Iterable<LabEvent>): RunModel {
    const model = new RunModel();
    model.takeAll(events);
    return model;
  }

  takeAll(events: Iterable<LabEvent>): void {
    for (const event of events) this.take(event);
  }

  /**
   * Known events are ignored, so that a resumed stream may overlap.
   * @throws RangeError when the event does not follow the last one: a gap would make the view wrong
   */
  take(event: LabEvent): void {
    if (event.seq <= this.seq) return;
    if (event.seq !== this.seq + 1) throw new RangeError(`event ${event.seq} does not follow ${this.seq}`);
    this.#tracker.take(event);
    this.#advance(event.seq, event.atMs);
  }

  /** Skips events that were not sent, such as log lines dropped for a slow window. @throws RangeError as {@link take} */
  skip({ fromSeq, toSeq, atMs }: { fromSeq: number; toSeq: number; atMs: number }): void {
    if (toSeq <= this.seq) return;
    if (fromSeq > this.seq + 1) throw new RangeError(`event ${fromSeq} does not follow ${this.seq}`);
    this.#advance(toSeq, atMs);
  }

  /** The view after this event, at this time of the run: only what was known then. */
  asOf(seq: number, lastMs: number): RunView {
    const { started, ended } = this;
    const spans = <Kind extends SpanKind>(kind: Kind) =>
      upTo(this.#spans[kind], seq).map((span) => versionAt(span, seq));
    return {
      seq,
      lastMs,
      runId: started === undefined || started.seq > seq ? "" : this.runId,
      started: started === undefined || started.seq > seq ? undefined : started,
      ended: seq < this.seq ? undefined : ended,
      phases: spans("phase"),
      steps: spans("step"),
      faults: spans("fault"),
      health: spans("health"),
      backends: spans("backend"),
      calls: spans("call"),
      wireCalls: spans("wire"),
      approvals: spans("approval"),
      decisions: upTo(this.decisions, seq),
      hits: upTo(this.hits, seq),
      checks: upTo(this.checks, seq),
      warnings: upTo(this.warnings, seq),
    };
  }

  get phases(): readonly Span<"phase">[] {
    return this.#spans.phase;
  }
  get steps(): readonly Span<"step">[] {
    return this.#spans.step;
  }
  get faults(): readonly Span<"fault">[] {
    return this.#spans.fault;
  }
  get health(): readonly Span<"health">[] {
    return this.#spans.health;
  }
  get backends(): readonly Span<"backend">[] {
    return this.#spans.backend;
  }
  get calls(): readonly Span<"call">[] {
    return this.#spans.call;
  }
  get wireCalls(): readonly Span<"wire">[] {
    return this.#spans.wire;
  }
  get approvals(): readonly Span<"approval">[] {
    return this.#spans.approval;
  }
  get decisions(): readonly Instant<"decision">[] {
    return this.#instants.decision;
  }
  get hits(): readonly Instant<"hit">[] {
    return this.#instants.hit;
  }
  get checks(): readonly Instant<"check">[] {
    return this.#instants.check;
  }
  get warnings(): readonly Instant<"warning">[] {
    return this.#instants.warning;
  }

  #keep(span: AnySpan): void {
    (this.#spans[span.kind] as AnySpan[])[span.index] = span;
  }

  #keepInstant(instant: AnyInstant): void {
    if (instant.kind === "log" || instant.kind === "logs dropped" || instant.kind === "wire calls dropped") return;
    (this.#instants[instant.kind] as AnyInstant[]).push(instant);
  }

  #advance(seq: number, atMs: number): void {
    this.seq = seq;
    this.lastMs = Math.max(this.lastMs, atMs);
  }
}

/** The items that existed after an event, of a list in log order. */
function upTo<Item extends { seq: number }>(items: readonly Item[], seq: number): Item[] {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return items.slice(0, low);
}

function versionAt<Kind extends SpanKind>(span: Span<Kind>, seq: number): Span<Kind> {
  let version = span;
  while (version.changedSeq > seq && version.before !== undefined) version = version.before;
  return version;
}
