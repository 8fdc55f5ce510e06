import type { ApprovalResult } from "./approval-result.ts";
import type {
  CallOutcome,
  Decision,
  EventOf,
  HealthStatus,
  LabEvent,
  Phase,
  TargetedContainers,
  UndoResult,
  WireOutcome,
} from "./lab-event.ts";

/** The end of a span that has not ended. */
export const OPEN = Number.POSITIVE_INFINITY;

type Envelope = Pick<LabEvent, "runId" | "seq" | "atMs" | "wallMs">;

/** Status and attributes of each kind of span. */
export interface SpanKinds {
  phase: { status: "running" | "ended"; attributes: { phase: Phase } };
  step: {
    status: "running" | "ok" | "failed" | "cancelled";
    attributes: {
      step: string;
      kind: string;
      background: boolean;
      /** What an audience reads as it starts. */
      say?: string;
      /** Of a manual session: the step as a scenario would write it. */
      written?: Readonly<Record<string, unknown>>;
      error?: string;
      output?: unknown;
    };
  };
  /** Starts with its intent: a service that is being stopped is down before its fault is reported as applied. */
  fault: {
    status: "intended" | "applied" | UndoResult;
    attributes: {
      fault: string;
      kind: string;
      target: string;
      undo: string;
      containers?: TargetedContainers;
      /** When it is undone at the latest. */
      expiresMs: number;
      appliedMs?: number;
      detail?: string;
      /** Number of requests that met it, counted by its undo. Absent before, and where nothing counts them. */
      countedHits?: number;
    };
  };
  /** A period of one health status; the name is the service. */
  health: { status: HealthStatus; attributes: { from: HealthStatus; reason: string; latencyMs?: number } };
  /** A period of one state in which the gateway had a backend; the name is the backend and what the state is of. */
  backend: {
    status: string;
    attributes: Pick<EventOf<"backend.changed">, "backend" | "what" | "from" | "reason">;
  };
  /**
   * One `tools/call`, from request to reply, below the step that made it; the status is its last decision, else its
   * outcome.
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
      /** Oldest first; empty for a call that ended before a decision. */
      decisions: readonly Instant<"decision">[];
      /** How its step was found: by the turn that the step reported, or by time; undefined without a step. */
      joinedBy: "turn" | "time" | undefined;
      /** As recorded by the gateway; absent until known, and for gateways without such a record. */
      end?: CallEnd;
      /** Ends that were recorded after the first: there should be none. */
      laterEnds?: number;
    };
  };
  /** One exchange on a link; the name is the tool, else the JSON-RPC method, else HTTP method and path. */
  wire: {
    status: WireOutcome;
    attributes: Omit<EventOf<"wire.call">, keyof Envelope | "type" | "startedWallMs" | "endedWallMs" | "outcome">;
  };
  /** A call's wait for a person, within that call. */
  approval: {
    status: "waiting" | ApprovalResult;
    attributes: { callId: string; sessionId: string; arguments: unknown; reason?: string };
  };
}
/** How a call ended, as recorded by the gateway. */
export type CallEnd = Pick<
  EventOf<"call.ended">,
  "outcome" | "attempts" | "requestBytes" | "replyBytes" | "error" | "traceId" | "spanId"
>;

export type SpanKind = keyof SpanKinds;

/** An interval on the run's clock. Spans are immutable: each change is a new version. */
export interface Span<Kind extends SpanKind = SpanKind> {
  kind: Kind;
  /** Index among the spans of its kind, from 0. */
  index: number;
  /** `call 17`: unique in a run, the same whenever the log is read. */
  id: string;
  /** Id of the enclosing span. */
  parent: string | undefined;
  name: string;
  startMs: number;
  /** {@link OPEN} until it ends. */
  endMs: number;
  status: SpanKinds[Kind]["status"];
  attributes: SpanKinds[Kind]["attributes"];
  /** Ids of related spans: for a call, the faults that its request met. */
  links: readonly string[];
  /** The number of the event that opened it. */
  seq: number;
  /** The number of the event that made this version, and the version before. */
  changedSeq: number;
  before: Span<Kind> | undefined;
}
/** A span of any kind, discriminated by `kind`. */
export type AnySpan = { [Kind in SpanKind]: Span<Kind> }[SpanKind];

/** The event of each kind of instant. */
export interface InstantKinds {
  decision: "call.decided";
  hit: "fault.hit";
  check: "check.evaluated";
  warning: "warning";
  log: "service.log";
  "logs dropped": "service.logs-dropped";
  "wire calls dropped": "wire.calls-dropped";
}
export type InstantKind = keyof InstantKinds;

/** A moment on the run's clock, which may be before its event was recorded. */
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

/** Whether a span overlaps a window, ends included. */
export function overlaps(span: { startMs: number; endMs: number }, fromMs: number, toMs: number): boolean {
  return span.startMs <= toMs && span.endMs >= fromMs;
}

/** The end of a span as known at `nowMs`: `nowMs` while it is open. */
export function lastedUntil({ endMs }: { endMs: number }, nowMs: number): number {
  return endMs === OPEN ? nowMs : endMs;
}
