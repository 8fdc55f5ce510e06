import type { MadeBy } from "../calling-steps.ts";
import type { EventOf, LabEventType } from "../lab-event.ts";
import type { SummaryLane, SummaryName } from "../lanes.ts";
import type { RunClock } from "../run-clock.ts";
import type { RunView } from "../run-view.ts";
import type { AnyInstant, AnySpan, Instant, InstantKind, InstantKinds, Span, SpanKind } from "../span.ts";
import type { Tone } from "../tone.ts";

/** A piece of a text; its tone colours it. */
export interface TextPart {
  text: string;
  tone?: Tone;
  isStrong?: boolean;
}

/** One line for an event in a list: what kind of thing it is, what happened, and in which colour. */
export interface EventLine {
  kind: string;
  text: string;
  tone: Tone;
}

/** A line of a run as it happens. One with a word has its time before it; one without stands alone. */
export interface PrintedLine {
  word?: string;
  parts: TextPart[];
}

/** What an event opens and what it changes, as its entry writes it down. */
export interface Tracking {
  readonly clock: RunClock;
  begin(event: EventOf<"run.started">): void;
  finish(event: EventOf<"run.ended">): void;
  /** @param key what later events know it by; a span that had it before keeps what it is */
  open<Kind extends SpanKind>(seq: number, kind: Kind, key: string, span: NewSpan<Kind>): Span<Kind>;
  find<Kind extends SpanKind>(kind: Kind, key: string): Span<Kind> | undefined;
  /** The event goes on with the span, so that whoever selects the one means the other. Unknown keys change nothing. */
  amend<Kind extends SpanKind>(
    seq: number,
    kind: Kind,
    key: string,
    change: (span: Span<Kind>) => Partial<NewSpan<Kind>>,
  ): void;
  /** Ends what is open; the event that did has to do with something else. */
  end<Kind extends SpanKind>(seq: number, kind: Kind, endMs: number, key?: string): void;
  instant<Kind extends InstantKind>(kind: Kind, atMs: number, event: EventOf<InstantKinds[Kind]>): Instant<Kind>;
  /** The step that made a call of this turn, which began then. */
  madeBy(turnId: string, startMs: number): MadeBy;
  /** The calls of this turn were made by the step. */
  made(seq: number, step: string, turnId: string): void;
  /** A request of this trace met this fault. */
  met(seq: number, traceId: string, fault: string): void;
  /** Ids of the faults that requests of this trace have met. */
  faultsMet(traceId: string): readonly string[];
}

export type NewSpan<Kind extends SpanKind> = Pick<Span<Kind>, "name" | "startMs" | "status" | "attributes"> &
  Partial<Pick<Span<Kind>, "endMs" | "parent" | "links">>;

/** All that there is to know of one type of event. A new type is its shape and its entry. */
export interface EventEntry<Type extends LabEventType> {
  /** Of the details of such an event. */
  title: string;
  /** Where it is counted before it is read; absent for what no lane shows. */
  summary?: { lane: SummaryLane; name?: SummaryName };
  /**
   * Under pressure a slow listener may lose `progress` events (counted and shown), never `essential` ones: those decide
   * what a view says about a run.
   */
  priority: "essential" | "progress";
  /** Kinds of spans that it may open, and may end. */
  opens: readonly SpanKind[];
  closes: readonly SpanKind[];
  describe(event: EventOf<Type>): EventLine;
  /** As it happens, in a terminal; absent or empty for what is not worth a line there. */
  print?(event: EventOf<Type>): PrintedLine[];
  /** What a person looks for when something went wrong. */
  isFailure?(event: EventOf<Type>): boolean;
  track?(event: EventOf<Type>, run: Tracking): void;
  /** The span or the instant that it belongs to, as the view has it. */
  subject?(event: EventOf<Type>, view: RunView): AnySpan | AnyInstant | undefined;
}

/** A part in the plain tone of its surroundings. */
export function plain(text: string): TextPart {
  return { text };
}

export function line(word: string, ...parts: TextPart[]): PrintedLine[] {
  return [{ word, parts }];
}
