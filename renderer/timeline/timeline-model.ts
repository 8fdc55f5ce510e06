import type { StreamItem } from "../../electron/contract/events.ts";
import { resultOf } from "../../electron/model/check-result.ts";
import type { EventOf, LabEvent } from "../../electron/model/lab-event.ts";
import { isRefusal, type Tone, toneOf } from "../../electron/model/tone.ts";
import { type LabelPart, Lane, type LaneKind } from "./lane.ts";
import type { Outline } from "./outline.ts";
import { RowPacking } from "./row-packing.ts";

const OPEN = Number.POSITIVE_INFINITY;
const MAX_ROWS = 6;

/**
 * The lanes of a run, grown event by event: taking one more costs the same whether it is the tenth or the hundred
 * thousandth. Nothing here knows of pixels. What has begun and not ended is kept, with an open end.
 */
export class TimelineModel {
  readonly lanes: Readonly<Record<LaneKind, Lane>> = {
    phases: new Lane("phases", "Phase"),
    steps: new Lane("steps", "Steps"),
    faults: new Lane("faults", "Faults"),
    hits: new Lane("hits", "Fault hits"),
    health: new Lane("health", "Health"),
    calls: new Lane("calls", "Tool calls"),
    approvals: new Lane("approvals", "Approvals"),
    checks: new Lane("checks", "Checks"),
    logs: new Lane("logs", "Logs"),
  };
  readonly #packings = new Map<LaneKind, RowPacking>(
    (["steps", "faults", "calls", "approvals"] as const).map((kind) => [
      kind,
      new RowPacking(this.lanes[kind].spans, MAX_ROWS),
    ]),
  );
  /** Spans that are still open, by what will end them. */
  readonly #open = new Map<string, number>();
  readonly #callIndex = new Map<string, number>();
  /** Events that go on with a span, by the number of the event that began it: selecting either means the same. */
  readonly #beginnings = new Map<number, number>();
  readonly #faultSeqs = new Map<string, number>();
  /** Events that a person looks for when something went wrong, in the order of the log. */
  readonly errorSeqs: number[] = [];
  /** When something happened, ascending: what lies between may be idle. */
  readonly instantsMs: number[] = [];
  /** Of a long run, what lies beyond the events taken so far. */
  outline: Outline | undefined;
  /** From here on, what is shown is not on disk yet. */
  unsavedFromMs: number | undefined;
  seq = 0;
  lastMs = 0;
  hasEnded = false;
  #startedWallMs = Number.NaN;

  /** Events already taken are passed over. */
  take(items: Iterable<StreamItem>): void {
    for (const event of items) {
      if (event.type === "skipped") {
        this.seq = Math.max(this.seq, event.toSeq);
        this.lastMs = Math.max(this.lastMs, event.atMs);
        continue;
      }
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      this.lastMs = Math.max(this.lastMs, event.atMs);
      if (event.type !== "service.log") this.instantsMs.push(this.lastMs);
      if (isError(event)) this.errorSeqs.push(event.seq);
      this.#take(event);
    }
  }

  /** The last moment that is known of, whether or not its events have been taken. */
  get endMs(): number {
    return Math.max(this.lastMs, this.outline?.lastMs ?? 0);
  }

  hasAny(kind: LaneKind): boolean {
    return this.lanes[kind].spans.length > 0 || (this.outline?.marks(kind).length ?? 0) > 0;
  }

  /** The event whose span shows this one. */
  spanSeq(seq: number): number {
    return this.#beginnings.get(seq) ?? seq;
  }

  rowsOf(kind: LaneKind): number {
    return this.#packings.get(kind)?.rows ?? Math.max(1, this.lanes[kind].rowTitles.length);
  }

  #take(event: LabEvent): void {
    const { seq, atMs } = event;
    switch (event.type) {
      case "run.started":
        this.#startedWallMs = event.wallMs - atMs;
        for (const { name } of event.services) {
          this.lanes.health.rowOf(name);
          this.lanes.logs.rowOf(name);
        }
        return;
      case "phase.started":
        this.#endOpen("phases", "phase", atMs);
        this.#begin("phases", "phase", { startMs: atMs, tone: "neutral", row: 0, seq }, [{ text: event.phase }]);
        return;
      case "step.started":
        this.#begin("steps", `step ${event.step}`, { startMs: atMs, tone: "step", seq }, [{ text: event.label }]);
        return;
      case "step.ended":
        this.#continue("steps", `step ${event.step}`, seq);
        this.#endOpen("steps", `step ${event.step}`, atMs, STEP_TONES[event.outcome]);
        return;
      case "fault.intended":
        this.#faultSeqs.set(event.fault, seq);
        this.#begin("faults", `fault ${event.fault}`, { startMs: atMs, tone: "fault", seq }, [
          { text: `${event.kind} ${event.target}` },
        ]);
        return;
      case "fault.hit":
        this.#mark("hits", 0, "fault", event, `${event.effect} ${event.tool ?? event.method ?? event.link}`);
        return;
      case "fault.undone":
        this.#beginnings.set(seq, this.#faultSeqs.get(event.fault) ?? seq);
        this.#endOpen("faults", `fault ${event.fault}`, atMs, event.result === "not restored" ? "failed" : undefined);
        return;
      case "health.changed": {
        const row = this.lanes.health.rowOf(event.service);
        this.#endOpen("health", `health ${event.service}`, atMs);
        const label: LabelPart[] = [{ text: event.to === "up" ? "up" : `${event.to}: ${event.reason}` }];
        this.#begin("health", `health ${event.service}`, { startMs: atMs, tone: toneOf(event.to), row, seq }, label);
        return;
      }
      case "call.decided":
        this.#takeDecision(event);
        return;
      case "check.evaluated":
        this.#mark("checks", 0, CHECK_TONES[resultOf(event)], event, event.check);
        return;
      case "warning":
        this.#mark("checks", 0, "warning", event, event.message);
        return;
      case "service.log":
        this.#mark(
          "logs",
          this.lanes.logs.rowOf(event.service),
          event.stream === "stderr" ? "stderr" : "log",
          event,
          "",
        );
        return;
      case "fault.applied":
        this.#beginnings.set(seq, this.#faultSeqs.get(event.fault) ?? seq);
        return;
      case "service.logs-dropped":
        return;
      case "run.ended":
        this.#end(atMs);
        return;
    }
  }

  /** A row is written to the audit log and read from there: it is drawn when it was decided, not when it arrived. */
  #takeDecision(event: EventOf<"call.decided">): void {
    const decidedMs = this.#decidedMs(event);
    const known = this.#callIndex.get(event.callId);
    const tone = toneOf(event.decision);
    const { calls } = this.lanes;
    const endMs = event.decision === "approvalRequired" ? OPEN : decidedMs;
    if (known === undefined) {
      const startMs = Math.max(0, decidedMs - event.durationMs);
      const row = this.#packings.get("calls")?.rowFor(startMs, endMs) ?? 0;
      const index = calls.spans.add({ startMs, endMs, tone, row, seq: event.seq });
      calls.setLabel(index, [{ text: event.tool }, { text: " → " }, { text: event.decision, tone }]);
      this.#callIndex.set(event.callId, index);
    } else {
      calls.spans.end(known, endMs, tone);
      this.#beginnings.set(event.seq, calls.spans.seq[known] ?? event.seq);
      this.#packings.get("calls")?.ended(calls.spans.row[known] ?? 0, decidedMs);
      calls.setLabel(known, [...calls.label(known), { text: " → " }, { text: event.decision, tone }]);
    }
    this.#takeApproval(event, decidedMs);
  }

  /** Two clocks meet here, so the answer is held within what the run has seen. */
  #decidedMs(event: EventOf<"call.decided">): number {
    if (Number.isNaN(this.#startedWallMs)) return event.atMs;
    return Math.min(event.atMs, Math.max(0, event.decidedWallMs - this.#startedWallMs));
  }

  #takeApproval(event: EventOf<"call.decided">, decidedMs: number): void {
    const key = `approval ${event.callId}`;
    if (event.decision === "approvalRequired") {
      const span = { startMs: decidedMs, tone: "approvalRequired" as const, seq: event.seq };
      this.#begin("approvals", key, span, [{ text: event.tool }, { text: " waits" }]);
    } else if (event.decision === "approved" || event.decision === "denied" || event.decision === "expired") {
      const index = this.#open.get(key);
      this.#endOpen("approvals", key, decidedMs, event.decision);
      if (index === undefined) return;
      const tone = event.decision;
      this.lanes.approvals.setLabel(index, [{ text: event.tool }, { text: " " }, { text: tone, tone }]);
    }
  }

  #begin(
    kind: LaneKind,
    key: string,
    span: { startMs: number; tone: Tone; seq: number; row?: number },
    label: LabelPart[],
  ): void {
    const lane = this.lanes[kind];
    const row = span.row ?? this.#packings.get(kind)?.rowFor(span.startMs, OPEN) ?? 0;
    const index = lane.spans.add({ ...span, endMs: OPEN, row });
    lane.setLabel(index, label);
    this.#open.set(key, index);
  }

  #continue(kind: LaneKind, key: string, seq: number): void {
    const index = this.#open.get(key);
    if (index !== undefined) this.#beginnings.set(seq, this.lanes[kind].spans.seq[index] ?? seq);
  }

  #endOpen(kind: LaneKind, key: string, endMs: number, tone?: Tone): void {
    const index = this.#open.get(key);
    if (index === undefined) return;
    const { spans } = this.lanes[kind];
    spans.end(index, endMs, tone);
    this.#packings.get(kind)?.ended(spans.row[index] ?? 0, endMs);
    this.#open.delete(key);
  }

  #mark(kind: LaneKind, row: number, tone: Tone, { seq, atMs }: LabEvent, text: string): void {
    const lane = this.lanes[kind];
    const index = lane.spans.add({ startMs: atMs, endMs: atMs, tone, row, seq });
    if (text !== "") lane.setLabel(index, [{ text }]);
  }

  /** What never ended did not end with the run either, but nothing is known of it after: it is drawn to there. */
  #end(atMs: number): void {
    this.hasEnded = true;
    this.#endOpen("phases", "phase", atMs);
    for (const service of this.lanes.health.rowTitles) this.#endOpen("health", `health ${service}`, atMs);
  }
}

const CHECK_TONES = { passed: "passed", failed: "failed", inconclusive: "warning" } as const;
const STEP_TONES = { ok: "step", failed: "failed", cancelled: "muted" } as const;

export function isError(event: LabEvent): boolean {
  switch (event.type) {
    case "step.ended":
      return event.outcome === "failed";
    case "health.changed":
      return event.to === "down";
    case "call.decided":
      return isRefusal(event.decision);
    case "check.evaluated":
      return !event.passed;
    case "fault.undone":
      return event.result === "not restored";
    case "warning":
      return true;
    case "run.ended":
      return event.outcome !== "passed" && event.outcome !== "cancelled";
    default:
      return false;
  }
}
