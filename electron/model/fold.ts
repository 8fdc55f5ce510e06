import type { EventOf, LabEvent, Outcome, Phase, UndoResult } from "./lab-event.ts";

export interface StepView {
  step: string;
  kind: string;
  label: string;
  background: boolean;
  startMs: number;
  endMs?: number;
  outcome?: "ok" | "failed" | "cancelled";
  error?: string;
  output?: unknown;
}

export interface FaultView {
  fault: string;
  kind: string;
  target: string;
  undo: string;
  intendedMs: number;
  appliedMs?: number;
  undoneMs?: number;
  result?: UndoResult;
  detail?: string;
  /** Requests that met it so far. */
  hits: number;
  /** The undo has told how many there were in all: hits that are told of after it are among them. */
  isCounted?: true;
}

/** One `tools/call` that was decided on: the decisions it met, oldest first. */
export interface CallView {
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  arguments: unknown;
  backend: string;
  /** When the gateway took the call, and when it ended, or was last decided on as long as no end is known; by its clock. */
  startMs: number;
  endMs: number;
  end?: EventOf<"call.ended">;
  decisions: EventOf<"call.decided">[];
}

/** A call that waited for a person. `endMs` and `result` are absent while it waits. */
export interface ApprovalView {
  callId: string;
  tool: string;
  sessionId: string;
  arguments: unknown;
  startMs: number;
  endMs?: number;
  result?: "approved" | "denied" | "expired";
}

export interface RunView {
  /** The last event folded in; 0 for an empty view. */
  seq: number;
  runId: string;
  started?: EventOf<"run.started">;
  phases: { phase: Phase; startMs: number }[];
  steps: StepView[];
  faults: FaultView[];
  /** Requests that met a fault on a link. */
  hits: EventOf<"fault.hit">[];
  /** Transitions of each service, oldest first: the last one is its health now. */
  health: Record<string, EventOf<"health.changed">[]>;
  calls: CallView[];
  approvals: ApprovalView[];
  /** Audit rows in the order of the log. */
  decisions: EventOf<"call.decided">[];
  /** How calls ended, also those that no decision was made on. */
  ends: EventOf<"call.ended">[];
  checks: EventOf<"check.evaluated">[];
  warnings: EventOf<"warning">[];
  /** Lines seen; the lines themselves are read page by page, never held in the view. */
  logs: Record<string, { lines: number; dropped: number }>;
  lastMs: number;
  ended?: { outcome: Outcome; reason: string; atMs: number };
}

export const emptyRunView: RunView = {
  seq: 0,
  runId: "",
  phases: [],
  steps: [],
  faults: [],
  hits: [],
  health: {},
  calls: [],
  approvals: [],
  decisions: [],
  ends: [],
  checks: [],
  warnings: [],
  logs: {},
  lastMs: 0,
};

/**
 * The view after one more event; the one given is left as it was. Use {@link foldAll} for many: it copies once.
 * @throws RangeError when the event does not follow the view's last one, since a gap would show a wrong picture.
 */
export function fold(view: RunView, event: LabEvent): RunView {
  return foldAll(view, [event]);
}

/** {@link fold} over a batch. Events that the view already has are passed over, so a resumed stream may overlap. */
export function foldAll(view: RunView, events: Iterable<LabEvent>): RunView {
  const next = shallowCopy(view);
  for (const event of events) {
    if (event.seq <= next.seq) continue;
    if (event.seq !== next.seq + 1) throw new RangeError(`event ${event.seq} does not follow ${next.seq}`);
    apply(next, event);
    next.seq = event.seq;
    next.lastMs = Math.max(next.lastMs, event.atMs);
  }
  return next;
}

function shallowCopy(view: RunView): RunView {
  return {
    ...view,
    phases: [...view.phases],
    steps: [...view.steps],
    faults: [...view.faults],
    hits: [...view.hits],
    health: byName(view.health),
    calls: copyWithPlaces(view.calls),
    approvals: [...view.approvals],
    decisions: [...view.decisions],
    ends: copyWithPlaces(view.ends),
    checks: [...view.checks],
    warnings: [...view.warnings],
    logs: byName(view.logs),
  };
}

/** A copy without a prototype: a service may be called `constructor`, which every other object already answers to. */
function byName<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.assign(Object.create(null), record);
}

function apply(view: RunView, event: LabEvent): void {
  switch (event.type) {
    case "run.started":
      view.runId = event.runId;
      view.started = event;
      return;
    case "phase.started":
      view.phases.push({ phase: event.phase, startMs: event.atMs });
      return;
    case "step.started": {
      const { step, kind, label, background } = event;
      view.steps.push({ step, kind, label, background, startMs: event.atMs });
      return;
    }
    case "step.ended": {
      const { outcome, error, output } = event;
      replaceLast(
        view.steps,
        (step) => step.step === event.step,
        (step) => ({
          ...step,
          endMs: event.atMs,
          outcome,
          ...(error === undefined ? {} : { error }),
          ...(output === undefined ? {} : { output }),
        }),
      );
      return;
    }
    case "health.changed":
      view.health[event.service] = [...(view.health[event.service] ?? []), event];
      return;
    case "service.log":
    case "service.logs-dropped":
      countLogs(view, event);
      return;
    case "fault.intended": {
      const { fault, kind, target, undo } = event;
      view.faults.push({ fault, kind, target, undo, intendedMs: event.atMs, hits: 0 });
      return;
    }
    case "fault.applied":
      replaceFault(view, event.fault, { appliedMs: event.atMs, detail: event.detail });
      return;
    case "fault.hit":
      view.hits.push(event);
      replaceLast(
        view.faults,
        ({ fault }) => fault === event.fault,
        (fault) => (fault.isCounted ? fault : { ...fault, hits: fault.hits + 1 }),
      );
      return;
    case "fault.undone": {
      const { result, detail, hits } = event;
      replaceFault(view, event.fault, {
        undoneMs: event.atMs,
        result,
        detail,
        ...(hits === undefined ? {} : { hits, isCounted: true }),
      });
      return;
    }
    case "call.decided":
      view.decisions.push(event);
      addToCall(view, event);
      addToApproval(view, event);
      return;
    case "call.ended":
      addEnd(view, event);
      return;
    case "check.evaluated":
      view.checks.push(event);
      return;
    case "warning":
      view.warnings.push(event);
      return;
    case "run.ended":
      view.ended = { outcome: event.outcome, reason: event.reason, atMs: event.atMs };
      return;
  }
}

function replaceLast<Item>(items: Item[], matches: (item: Item) => boolean, change: (item: Item) => Item): void {
  const index = items.findLastIndex(matches);
  const item = items[index];
  if (item !== undefined) items[index] = change(item);
}

function replaceFault(view: RunView, fault: string, change: Partial<FaultView>): void {
  replaceLast(
    view.faults,
    (item) => item.fault === fault,
    (item) => ({ ...item, ...change }),
  );
}

function countLogs(view: RunView, event: EventOf<"service.log"> | EventOf<"service.logs-dropped">): void {
  const { lines, dropped } = view.logs[event.service] ?? { lines: 0, dropped: 0 };
  view.logs[event.service] =
    event.type === "service.log" ? { lines: lines + 1, dropped } : { lines, dropped: dropped + event.lines };
}

/** When the gateway decided, on the run's clock: rows may be seen later than that, after an outage of their store. */
export function decidedMs(view: RunView, row: EventOf<"call.decided">): number {
  return view.started === undefined ? row.atMs : Math.max(0, row.decidedWallMs - view.started.wallMs);
}

/** The end may come before a decision: they are written and read apart. */
function addEnd(view: RunView, end: EventOf<"call.ended">): void {
  placesIn(view.ends, end.callId).set(end.callId, view.ends.length);
  view.ends.push(end);
  const place = placesIn(view.calls, end.callId).get(end.callId);
  const call = place === undefined ? undefined : view.calls[place];
  if (place !== undefined && call !== undefined) view.calls[place] = { ...call, ...boundsOf(view, end) };
}

function boundsOf({ started }: RunView, end: EventOf<"call.ended"> | undefined): Partial<CallView> {
  if (end === undefined || started === undefined) return end === undefined ? {} : { end };
  const onRunClock = (wallMs: number) => Math.max(0, wallMs - started.wallMs);
  return { startMs: onRunClock(end.startedWallMs), endMs: onRunClock(end.endedWallMs), end };
}

function addToCall(view: RunView, row: EventOf<"call.decided">): void {
  const endMs = decidedMs(view, row);
  const places = placesIn(view.calls, row.callId);
  const place = places.get(row.callId) ?? view.calls.length;
  const call = view.calls[place];
  if (call !== undefined) {
    view.calls[place] = {
      ...call,
      endMs: call.end === undefined ? endMs : call.endMs,
      decisions: [...call.decisions, row],
    };
    return;
  }
  places.set(row.callId, place);
  const { callId, sessionId, turnId, tool, backend } = row;
  const startMs = Math.max(0, endMs - row.durationMs);
  view.calls.push({
    callId,
    sessionId,
    turnId,
    tool,
    backend,
    arguments: row.arguments,
    startMs,
    endMs,
    decisions: [row],
    ...boundsOf(view, view.ends[placesIn(view.ends, callId).get(callId) ?? -1]),
  });
}

type OfCalls = readonly { callId: string }[];

/**
 * Where what belongs to a call stands, by the call's id, beside the lists that it is in: looking through them at every
 * decision makes a long run's fold take time by the square of its length. A list hands it on to its copies.
 */
const placesOf = new WeakMap<OfCalls, Map<string, number>>();

function copyWithPlaces<Item extends OfCalls[number]>(items: readonly Item[]): Item[] {
  const copy = [...items];
  const places = placesOf.get(items);
  if (places !== undefined) placesOf.set(copy, places);
  return copy;
}

/** True for this call; made anew where another list, that went on from the same one differently, has written to it. */
function placesIn(items: OfCalls, callId: string): Map<string, number> {
  const known = placesOf.get(items);
  const place = known?.get(callId);
  if (known !== undefined && (place === undefined || items[place]?.callId === callId)) return known;
  const places = new Map(items.map((item, index) => [item.callId, index]));
  placesOf.set(items, places);
  return places;
}

function addToApproval(view: RunView, row: EventOf<"call.decided">): void {
  if (row.decision === "approvalRequired") {
    const { callId, tool, sessionId } = row;
    view.approvals.push({ callId, tool, sessionId, arguments: row.arguments, startMs: row.atMs });
  } else if (row.decision === "approved" || row.decision === "denied" || row.decision === "expired") {
    const result = row.decision;
    replaceLast(
      view.approvals,
      (approval) => approval.callId === row.callId,
      (approval) => ({ ...approval, endMs: row.atMs, result }),
    );
  }
}
