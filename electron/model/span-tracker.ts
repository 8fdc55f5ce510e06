import { CallingSteps, type MadeBy } from "./calling-steps.ts";
import { track } from "./catalogue/catalogue.ts";
import type { NewSpan, Tracking } from "./catalogue/entry.ts";
import type { EventOf, LabEvent } from "./lab-event.ts";
import { RunClock } from "./run-clock.ts";
import {
  type AnyInstant,
  type AnySpan,
  type Instant,
  type InstantKind,
  type InstantKinds,
  OPEN,
  type Span,
  type SpanKind,
} from "./span.ts";

/** Callbacks for the spans and instants of a run; all optional. */
export interface SpanSink {
  /** Every event, before what it opens and changes. */
  passed?(event: LabEvent): void;
  began?(event: EventOf<"run.started">): void;
  opened?(span: AnySpan): void;
  /** @param seq number of the event that now belongs to the span; undefined when it belongs to another */
  changed?(span: AnySpan, seq: number | undefined): void;
  instant?(instant: AnyInstant): void;
  finished?(event: EventOf<"run.ended">): void;
  /** The tracker dropped a span, one of the oldest beyond the limit: later changes are not reported. */
  dropped?(span: AnySpan): void;
}

type Tracked = { readonly [Kind in SpanKind]: Map<string, Span<Kind>> };

/**
 * Turns the events of a run into spans and instants, one event at a time, at constant cost per event.
 */
export class SpanTracker implements Tracking {
  readonly clock = new RunClock();
  readonly #sink: SpanSink;
  readonly #limit: number;
  readonly #tracked: Tracked = {
    phase: new Map(),
    step: new Map(),
    fault: new Map(),
    health: new Map(),
    backend: new Map(),
    call: new Map(),
    wire: new Map(),
    approval: new Map(),
  };
  readonly #counts: Record<SpanKind, number> = {
    phase: 0,
    step: 0,
    fault: 0,
    health: 0,
    backend: 0,
    call: 0,
    wire: 0,
    approval: 0,
  };
  /** By trace: the faults that its requests met. */
  readonly #faultsMet = new Map<string, readonly string[]>();
  /** Keys of calls by trace and by turn. */
  readonly #callsOfTrace = new Map<string, string[]>();
  readonly #callsOfTurn = new Map<string, string[]>();
  readonly #callingSteps = new CallingSteps();

  /** @param limit approximate number of spans of each kind to keep: at twice as many the older half is dropped */
  constructor(sink: SpanSink, limit = Number.POSITIVE_INFINITY) {
    this.#sink = sink;
    this.#limit = limit;
  }

  take(event: LabEvent): void {
    this.#sink.passed?.(event);
    track(event, this);
  }

  /** Kept spans of a kind, oldest first. */
  kept<Kind extends SpanKind>(kind: Kind): Iterable<Span<Kind>> {
    return this.#of(kind).values();
  }

  begin(event: EventOf<"run.started">): void {
    this.clock.start(event);
    this.#sink.began?.(event);
  }

  finish(event: EventOf<"run.ended">): void {
    this.#sink.finished?.(event);
  }

  find<Kind extends SpanKind>(kind: Kind, key: string): Span<Kind> | undefined {
    return this.#of(kind).get(key);
  }

  open<Kind extends SpanKind>(seq: number, kind: Kind, key: string, span: NewSpan<Kind>): Span<Kind> {
    const { name, startMs, endMs = OPEN, status, attributes, parent, links = [] } = span;
    const index = this.#counts[kind]++;
    const version = { changedSeq: seq, before: undefined };
    const rest = { name, startMs, endMs, status, attributes, parent, links };
    const opened: Span<Kind> = { kind, index, id: `${kind} ${index + 1}`, ...rest, seq, ...version };
    const tracked = this.#of(kind);
    // Deleted first, so that a reused key moves to the end: map order is age.
    tracked.delete(key);
    tracked.set(key, opened);
    this.#rememberJoins(opened as AnySpan, key);
    this.#sink.opened?.(opened as AnySpan);
    if (tracked.size >= 2 * this.#limit) this.#dropOldest(tracked);
    return opened;
  }

  amend<Kind extends SpanKind>(
    seq: number,
    kind: Kind,
    key: string,
    change: (span: Span<Kind>) => Partial<NewSpan<Kind>>,
  ): void {
    const span = this.#of(kind).get(key);
    if (span !== undefined) this.#change(span, key, seq, change(span), seq);
  }

  end<Kind extends SpanKind>(seq: number, kind: Kind, endMs: number, key?: string): void {
    const tracked = this.#of(kind);
    for (const each of key === undefined ? [...tracked.keys()] : [key]) {
      const span = tracked.get(each);
      if (span?.endMs === OPEN) this.#change(span, each, seq, { endMs } as Partial<NewSpan<Kind>>, undefined);
    }
  }

  instant<Kind extends InstantKind>(kind: Kind, atMs: number, event: EventOf<InstantKinds[Kind]>): Instant<Kind> {
    const { seq } = event as LabEvent;
    const instant: Instant<Kind> = { kind, seq, atMs, event };
    this.#sink.instant?.(instant as AnyInstant);
    return instant;
  }

  met(seq: number, traceId: string, fault: string): void {
    const id = this.find("fault", fault)?.id;
    const known = this.faultsMet(traceId);
    if (id === undefined || known.includes(id)) return;
    const links = [...known, id];
    this.#faultsMet.set(traceId, links);
    this.#bound(this.#faultsMet);
    for (const key of this.#callsOfTrace.get(traceId) ?? []) {
      const call = this.find("call", key);
      if (call !== undefined) this.#change(call, key, seq, { links }, undefined);
    }
  }

  faultsMet(traceId: string): readonly string[] {
    return this.#faultsMet.get(traceId) ?? NO_LINKS;
  }

  madeBy(turnId: string, startMs: number): MadeBy {
    const call = this.find("call", this.#callsOfTurn.get(turnId)?.at(-1) ?? "");
    if (call === undefined) return this.#callingSteps.of(turnId, startMs);
    return { parent: call.parent, joinedBy: call.attributes.joinedBy };
  }

  stepAt(ms: number): string | undefined {
    return this.#callingSteps.at(ms);
  }

  made(seq: number, step: string, turnId: string): void {
    const maker = this.find("step", step);
    if (maker === undefined) return;
    this.#callingSteps.report(turnId, maker);
    for (const key of this.#callsOfTurn.get(turnId) ?? []) {
      const call = this.find("call", key);
      if (call === undefined) continue;
      const attributes = { ...call.attributes, joinedBy: "turn" as const };
      this.#change(call, key, seq, { parent: maker.id, attributes }, undefined);
    }
  }

  #change<Kind extends SpanKind>(
    span: Span<Kind>,
    key: string,
    seq: number,
    change: Partial<NewSpan<Kind>>,
    owner: number | undefined,
  ): void {
    const changed: Span<Kind> = { ...span, ...change, changedSeq: seq, before: span };
    this.#of(span.kind).set(key, changed);
    if (span.kind === "step") this.#callingSteps.take(changed as Span<"step">);
    this.#sink.changed?.(changed as AnySpan, owner);
  }

  /** Indexes the span by trace and turn for later events. */
  #rememberJoins(span: AnySpan, key: string): void {
    if (span.kind === "step") this.#callingSteps.take(span);
    if (span.kind !== "call") return;
    const { traceId, turnId } = span.attributes;
    if (traceId !== "") this.#addTo(this.#callsOfTrace, traceId, key);
    this.#addTo(this.#callsOfTurn, turnId, key);
  }

  #addTo(calls: Map<string, string[]>, id: string, key: string): void {
    const known = calls.get(id);
    if (known === undefined) {
      calls.set(id, [key]);
      this.#bound(calls);
    } else if (known.push(key) >= 2 * this.#limit) known.splice(0, this.#limit);
  }

  #dropOldest<Kind extends SpanKind>(tracked: Map<string, Span<Kind>>): void {
    const ended = [...tracked].filter(([, span]) => span.endMs !== OPEN);
    // Open spans are dropped last: their ends are still to come.
    for (const [key, span] of [...ended, ...tracked].slice(0, this.#limit)) {
      if (tracked.delete(key)) this.#sink.dropped?.(span as AnySpan);
    }
  }

  #bound(map: Map<string, unknown>): void {
    if (map.size < 2 * this.#limit) return;
    let toDrop = this.#limit;
    for (const key of map.keys()) {
      if (toDrop-- === 0) return;
      map.delete(key);
    }
  }

  #of<Kind extends SpanKind>(kind: Kind): Map<string, Span<Kind>> {
    return this.#tracked[kind] as Map<string, Span<Kind>>;
  }
}

const NO_LINKS: readonly string[] = [];
