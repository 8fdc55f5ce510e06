import type { ApprovalResult, CallOutcome, Decision, EventOf, HealthStatus, Phase, UndoResult } from "./lab-event.ts";

/** The end of a span that has not ended. */
export const OPEN = Number.POSITIVE_INFINITY;

/** What each kind of span says besides its name and its times. */
export interface SpanKinds {
  phase: { status: "running" | "ended"; attributes: { phase: Phase } };
  step: {
    status: "running" | "ok" | "failed" | "cancelled";
    attributes: { step: string; kind: string; background: boolean; error?: string; output?: unknown };
  };
  /** From its intent on: a service that is being stopped is down before its fault is known to be applied. */
  fault: {
    status: "intended" | "applied" | UndoResult;
    attributes: {
      fault: string;
      kind: string;
      target: string;
      undo: string;
      appliedMs?: number;
      detail?: string;
      /** How many requests met it, as counted by its undo. Absent before, and where nothing counts them. */
      countedHits?: number;
    };
  };
  /** A stretch of one health; the name is the service. */
  health: { status: HealthStatus; attributes: { from: HealthStatus; reason: string; latencyMs?: number } };
  /**
   * One `tools/call`, from its request to its reply, below the step that made it; the status is the last decision on it,
   * else how it ended.
   */
  call: {
    status: Decision | CallOutcome;
    attributes: {
      callId: string;
      sessionId: string;
      turnId: string;
      backend: string;
      arguments: unknown;
      traceId: string;
      spanId: string;
      /** Oldest first; none on a call that ended before anything was decided. */
      decisions: readonly Instant<"decision">[];
      /** How the step that made it was found: it said so, or was under way; absent where there is none. */
      joinedBy?: "turn" | "time";
      /** As its gateway recorded it; absent as long as that is not known, and where it keeps no record of ends. */
      end?: CallEnd;
    };
  };
  /** A call that waited for a person, within that call. */
  approval: {
    status: "waiting" | ApprovalResult;
    attributes: { callId: string; sessionId: string; arguments: unknown; reason?: string };
  };
}
/** How a call ended, by the gateway's own record. */
export type CallEnd = Pick<
  EventOf<"call.ended">,
  "outcome" | "attempts" | "requestBytes" | "replyBytes" | "error" | "traceId" | "spanId"
>;

export type SpanKind = keyof SpanKinds;

/** Something that lasted, on the run's clock. Spans are never changed: what changes has a new version. */
export interface Span<Kind extends SpanKind = SpanKind> {
  kind: Kind;
  /** Its place among the spans of its kind, from 0. */
  index: number;
  /** `call 17`: unique in a run, the same at each reading of it. */
  id: string;
  /** The span that it is a part of. */
  parent: string | undefined;
  name: string;
  startMs: number;
  /** {@link OPEN} while it lasts. */
  endMs: number;
  status: SpanKinds[Kind]["status"];
  attributes: SpanKinds[Kind]["attributes"];
  /** Ids of other spans that it has to do with: of a call, the faults that its request met. */
  links: readonly string[];
  /** The number of the event that opened it. */
  seq: number;
  /** The number of the event that made this version, and the version before. */
  changedSeq: number;
  before: Span<Kind> | undefined;
}
/** A span of any kind, to be told apart by `kind`. */
export type AnySpan = { [Kind in SpanKind]: Span<Kind> }[SpanKind];

/** Which event each kind of instant is made of. */
export interface InstantKinds {
  decision: "call.decided";
  hit: "fault.hit";
  check: "check.evaluated";
  warning: "warning";
  log: "service.log";
  "logs dropped": "service.logs-dropped";
}
export type InstantKind = keyof InstantKinds;

/** Something that happened at one moment of the run's clock, which may be before its event was recorded. */
export interface Instant<Kind extends InstantKind = InstantKind> {
  kind: Kind;
  seq: number;
  atMs: number;
  event: EventOf<InstantKinds[Kind]>;
}
export type AnyInstant = { [Kind in InstantKind]: Instant<Kind> }[InstantKind];

export function isOpen({ endMs }: { endMs: number }): boolean {
  return endMs === OPEN;
}

/** Whether a span lasted at any moment of a window, its ends included. */
export function overlaps(span: { startMs: number; endMs: number }, fromMs: number, toMs: number): boolean {
  return span.startMs <= toMs && span.endMs >= fromMs;
}

/** Until when a span lasted, as far as is known at a moment: until then, when it has not ended. */
export function lastedUntil({ endMs }: { endMs: number }, nowMs: number): number {
  return endMs === OPEN ? nowMs : endMs;
}
