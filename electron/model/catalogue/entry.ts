import type { MadeBy } from "../calling-steps.ts";
import type { EventOf, LabEventType } from "../lab-event.ts";
import type { SummaryLane, SummaryName } from "../lanes.ts";
import type { RunClock } from "../run-clock.ts";
import type { RunView } from "../run-view.ts";
import type { AnyInstant, AnySpan, Instant, InstantKind, InstantKinds, Span, SpanKind } from "../span.ts";
import type { Tone } from "../tone.ts";

/** A part of a text; the tone selects its colour. */
export interface TextPart {
  text: string;
  tone?: Tone;
  isStrong?: boolean;
}

/** One line for an event in a list: kind, text and tone. */
export interface EventLine {
  kind: string;
  text: string;
  tone: Tone;
}

/** A printed line of a run in progress. A line with `word` is prefixed with its time. */
export interface PrintedLine {
  word?: string;
  parts: TextPart[];
}

/** Operations with which an entry opens and changes spans and instants. */
export interface Tracking {
  readonly clock: RunClock;
  begin(event: EventOf<"run.started">): void;
  finish(event: EventOf<"run.ended">): void;
  /** @param key identifies the span to later events; an earlier span with the same key is no longer changed */
  open<Kind extends SpanKind>(seq: number, kind: Kind, key: string, span: NewSpan<Kind>): Span<Kind>;
  find<Kind extends SpanKind>(kind: Kind, key: string): Span<Kind> | undefined;
  /** Changes a span; the event then belongs to it, so that selecting the event selects the span. Unknown keys are ignored. */
  amend<Kind extends SpanKind>(
    seq: number,
    kind: Kind,
    key: string,
    change: (span: Span<Kind>) => Partial<NewSpan<Kind>>,
  ): void;
  /** Ends open spans of the kind; the event does not belong to them. */
  end<Kind extends SpanKind>(seq: number, kind: Kind, endMs: number, key?: string): void;
  instant<Kind extends InstantKind>(kind: Kind, atMs: number, event: EventOf<InstantKinds[Kind]>): Instant<Kind>;
  /** The step that made a call of this turn that started at `startMs`. */
  madeBy(turnId: string, startMs: number): MadeBy;
  /** Id of the step that was in progress. */
  stepAt(ms: number): string | undefined;
  /** Records that the step made the calls of this turn. */
  made(seq: number, step: string, turnId: string): void;
  /** Records that a request of this trace met this fault. */
  met(seq: number, traceId: string, fault: string): void;
  /** Ids of the faults met by requests of this trace. */
  faultsMet(traceId: string): readonly string[];
}

export type NewSpan<Kind extends SpanKind> = Pick<Span<Kind>, "name" | "startMs" | "status" | "attributes"> &
  Partial<Pick<Span<Kind>, "endMs" | "parent" | "links">>;

/** Definition of one event type. A new type needs its shape and its entry. */
export interface EventEntry<Type extends LabEventType> {
  /** Title in the details of such an event. */
  title: string;
  /** Where it counts in a summary; absent for events without a lane. */
  summary?: { lane: SummaryLane; name?: SummaryName };
  /**
   * A slow listener may lose `progress` events (counted and shown), never `essential` ones: those determine the view of a
   * run.
   */
  priority: "essential" | "progress";
  /** Kinds of spans that it may open and end. */
  opens: readonly SpanKind[];
  closes: readonly SpanKind[];
  describe(event: EventOf<Type>): EventLine;
  /** Lines printed in a terminal; absent or empty for none. */
  print?(event: EventOf<Type>): PrintedLine[];
  /** Whether the event is a failure or a refusal, as found by "next error". */
  isFailure?(event: EventOf<Type>): boolean;
  track?(event: EventOf<Type>, run: Tracking): void;
  /** The span or instant of the view that it belongs to. */
  subject?(event: EventOf<Type>, view: RunView): AnySpan | AnyInstant | undefined;
}

/** A part without a tone. */
export function plain(text: string): TextPart {
  return { text };
}

export function line(word: string, ...parts: TextPart[]): PrintedLine[] {
  return [{ word, parts }];
}
