import type { EventOf, LabEvent } from "../events/lab-event.ts";
import type { RunRecord } from "./format.ts";
import { INTERNAL, idOf, SERVER, type Span, spellAttributes, spellSpan, unixNano } from "./otlp-span.ts";

/** For what OpenTelemetry has no convention: decisions, approvals, faults, steps. `gen_ai` and `mcp` are reserved. */
const OWN = "resilience_lab";
const SPANS_AT_ONCE = 256;
/** Calls, steps and faults that are waited for, about; of more the oldest are written as they stand. */
const OPEN_LIMIT = 1_000;

type Row = EventOf<"call.decided">;
type Fault = { intended: EventOf<"fault.intended">; applied?: EventOf<"fault.applied"> };
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const ANSWERS: ReadonlySet<string> = new Set(["approved", "denied", "expired"]);
const CALL_ID = `${OWN}.call.id`;
const TURN_ID = `${OWN}.turn.id`;
const BACKEND = `${OWN}.backend`;
const DECISION = `${OWN}.decision`;
const DECISION_REASON = `${OWN}.decision.reason`;
const FAULT_ID = `${OWN}.fault.id`;

/** Whose span it is: the lab's, or the gateway's as the audit log tells of it. */
type Resource = "resilience-lab" | "gateway";

/**
 * A run as OTLP JSON, one `ExportTraceServiceRequest`, made as its events go by. Tool calls have the names and attributes
 * of OpenTelemetry's conventions for MCP, and the trace that their client began. All times are on the run's one clock.
 */
export class OtlpTrace {
  readonly #record: RunRecord;
  readonly #write: (text: string) => Promise<void> | undefined;
  readonly #traceId: string;
  readonly #rootId: string;
  readonly #steps = new Map<string, EventOf<"step.started">>();
  readonly #faults = new Map<string, Fault>();
  readonly #calls = new Map<string, Row[]>();
  readonly #hits = new Map<string, string>();
  readonly #spans: Record<Resource, string> = { "resilience-lab": "", gateway: "" };
  #waiting = 0;
  #isFirst = true;

  constructor(record: RunRecord, write: (text: string) => Promise<void> | undefined) {
    this.#record = record;
    this.#write = write;
    this.#traceId = idOf(`run ${record.id}`, 32);
    this.#rootId = idOf(`run ${record.id} root`, 16);
  }

  /** A promise to wait for when a batch of spans was written. */
  take(event: LabEvent): Promise<void> | undefined {
    switch (event.type) {
      case "step.started":
        this.#open(this.#steps, event.step, event, (open) => this.#endStep(open, undefined));
        break;
      case "step.ended": {
        const started = this.#steps.get(event.step);
        if (started !== undefined) this.#endStep(started, event);
        this.#steps.delete(event.step);
        break;
      }
      case "fault.intended":
        this.#open(this.#faults, event.fault, { intended: event }, (open) => this.#endFault(open, undefined));
        break;
      case "fault.applied": {
        const open = this.#faults.get(event.fault);
        if (open !== undefined) open.applied = event;
        break;
      }
      case "fault.undone": {
        const open = this.#faults.get(event.fault);
        if (open !== undefined) this.#endFault(open, event);
        this.#faults.delete(event.fault);
        break;
      }
      case "fault.hit":
        if (event.traceId !== undefined) this.#open(this.#hits, event.traceId, event.fault, () => {});
        break;
      case "call.decided":
        this.#takeRow(event);
        break;
    }
    return this.#waiting < SPANS_AT_ONCE ? undefined : this.#writeSpans();
  }

  async end(): Promise<void> {
    for (const open of this.#steps.values()) this.#endStep(open, undefined);
    for (const open of this.#faults.values()) this.#endFault(open, undefined);
    for (const rows of this.#calls.values()) this.#endCall(rows);
    this.#endRun();
    await this.#writeSpans();
    await this.#write("\n]}\n");
  }

  /** Keeps what is not over yet; when that is twice too much, `close` ends the older half as it stands. */
  #open<Value>(map: Map<string, Value>, key: string, value: Value, close: (old: Value) => void): void {
    map.set(key, value);
    if (map.size < 2 * OPEN_LIMIT) return;
    let toClose = OPEN_LIMIT;
    for (const [oldKey, old] of map) {
      if (toClose-- === 0) return;
      map.delete(oldKey);
      close(old);
    }
  }

  /** More decisions of a call, and the fault that it failed of, may come late: it is written when it is one of the oldest. */
  #takeRow(row: Row): void {
    const known = this.#calls.get(row.callId);
    if (known !== undefined) known.push(row);
    else this.#open(this.#calls, row.callId, [row], (oldest) => this.#endCall(oldest));
  }

  #endRun(): void {
    const { scenarioId, scenarioTitle, driver, without, outcome, reason, durationMs } = this.#record;
    this.#add("resilience-lab", {
      traceId: this.#traceId,
      spanId: this.#rootId,
      name: `run ${scenarioId}`,
      kind: INTERNAL,
      ...this.#times(0, durationMs),
      attributes: {
        [`${OWN}.scenario.id`]: scenarioId,
        [`${OWN}.scenario.title`]: scenarioTitle,
        [`${OWN}.driver`]: driver,
        [`${OWN}.without`]: without.join(","),
        [`${OWN}.outcome`]: outcome,
        [`${OWN}.reason`]: reason,
      },
      ...(outcome === "passed" ? {} : { error: reason }),
    });
  }

  #endStep(started: EventOf<"step.started">, ended: EventOf<"step.ended"> | undefined): void {
    const outcome = ended?.outcome ?? "cancelled";
    this.#add("resilience-lab", {
      ...this.#child(`step ${started.step}`),
      name: `step ${started.kind}`,
      kind: INTERNAL,
      ...this.#times(started.atMs, ended?.atMs ?? this.#record.durationMs),
      attributes: {
        [`${OWN}.step.id`]: started.step,
        [`${OWN}.step.label`]: started.label,
        [`${OWN}.step.outcome`]: outcome,
      },
      ...(outcome === "failed" ? { error: ended?.error ?? "" } : {}),
    });
  }

  #endFault({ intended, applied }: Fault, undone: EventOf<"fault.undone"> | undefined): void {
    this.#add("resilience-lab", {
      ...this.#child(`fault ${intended.fault}`),
      name: `fault ${intended.kind} ${intended.target}`,
      kind: INTERNAL,
      ...this.#times(applied?.atMs ?? intended.atMs, undone?.atMs ?? this.#record.durationMs),
      attributes: {
        [`${OWN}.fault.id`]: intended.fault,
        [`${OWN}.fault.kind`]: intended.kind,
        [`${OWN}.fault.target`]: intended.target,
        [`${OWN}.fault.undo`]: undone?.result ?? "not undone",
        [`${OWN}.fault.hits`]: undone?.hits,
      },
    });
  }

  #endCall(rows: Row[]): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    const isOwnTrace = TRACE_ID.test(first.traceId) && SPAN_ID.test(first.spanId);
    const place = isOwnTrace ? { traceId: first.traceId, spanId: first.spanId } : this.#child(`call ${first.callId}`);
    const hasFailed = last.decision === "upstream_error";
    this.#add("gateway", {
      ...place,
      name: `tools/call ${first.tool}`,
      kind: SERVER,
      ...this.#times(this.#decidedMs(first) - first.durationMs, this.#decidedMs(last)),
      attributes: {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": first.tool,
        "gen_ai.operation.name": "execute_tool",
        "mcp.session.id": first.sessionId,
        "gen_ai.tool.call.arguments": JSON.stringify(first.arguments),
        "error.type": hasFailed ? "upstream_error" : undefined,
        [CALL_ID]: first.callId,
        [TURN_ID]: first.turnId,
        [BACKEND]: first.backend,
        [DECISION]: last.decision,
        [FAULT_ID]: hasFailed ? this.#hits.get(first.traceId) : undefined,
      },
      events: rows.map((row) => ({
        nano: this.#nano(this.#decidedMs(row)),
        name: DECISION,
        attributes: { [DECISION]: row.decision, [DECISION_REASON]: row.reason },
      })),
      ...(hasFailed ? { error: last.reason } : {}),
    });
    this.#addApproval(rows, place);
  }

  #addApproval(rows: Row[], call: { traceId: string; spanId: string }): void {
    const asked = rows.find(({ decision }) => decision === "approvalRequired");
    if (asked === undefined) return;
    const answered = rows.find(({ decision }) => ANSWERS.has(decision));
    this.#add("gateway", {
      traceId: call.traceId,
      spanId: idOf(`${this.#record.id} approval ${asked.callId}`, 16),
      parentSpanId: call.spanId,
      name: `approval ${asked.tool}`,
      kind: INTERNAL,
      ...this.#times(this.#decidedMs(asked), answered ? this.#decidedMs(answered) : this.#record.durationMs),
      attributes: {
        [`${OWN}.approval.result`]: answered?.decision ?? "waiting",
        [`${OWN}.approval.reason`]: answered?.reason,
      },
    });
  }

  /** By the gateway's clock, in milliseconds since the run began. */
  #decidedMs(row: Row): number {
    return row.decidedWallMs - this.#record.startedWallMs;
  }

  #child(what: string): { traceId: string; spanId: string; parentSpanId: string } {
    return { traceId: this.#traceId, spanId: idOf(`${this.#record.id} ${what}`, 16), parentSpanId: this.#rootId };
  }

  #times(startMs: number, endMs: number): { startNano: string; endNano: string } {
    return { startNano: this.#nano(startMs), endNano: this.#nano(Math.max(startMs, endMs)) };
  }

  #nano(ms: number): string {
    return unixNano(this.#record.startedWallMs, ms);
  }

  #add(resource: Resource, span: Span): void {
    const before = this.#spans[resource];
    this.#spans[resource] = `${before}${before === "" ? "" : ",\n"}${spellSpan(span)}`;
    this.#waiting++;
  }

  async #writeSpans(): Promise<void> {
    for (const resource of ["resilience-lab", "gateway"] as const) {
      const spans = this.#spans[resource];
      if (spans === "") continue;
      this.#spans[resource] = "";
      const whose = spellAttributes({ "service.name": resource, [`${OWN}.run.id`]: this.#record.id });
      const before = this.#isFirst ? '{"resourceSpans":[' : ",";
      this.#isFirst = false;
      const scope = `"scope":{"name":"${OWN}"}`;
      await this.#write(
        `${before}\n{"resource":{"attributes":${whose}},"scopeSpans":[{${scope},"spans":[\n${spans}\n]}]}`,
      );
    }
    this.#waiting = 0;
  }
}
