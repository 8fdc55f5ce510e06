import { createHash } from "node:crypto";
import type { EventOf, LabEvent } from "../events/lab-event.ts";
import type { RunRecord } from "./format.ts";

/**
 * A run as OTLP JSON, one `ExportTraceServiceRequest`, made as its events go by. Tool calls have the names and attributes
 * of OpenTelemetry's conventions for MCP; what these do not know (decisions, approvals, faults, steps) has the lab's own
 * prefix, since `gen_ai` and `mcp` are reserved. All times are on the run's one clock.
 */
const OWN = "resilience_lab";
const INTERNAL = 1;
const SERVER = 2;
const ERROR_STATUS = { code: 2 };
const SPANS_AT_ONCE = 256;
/** Calls, steps and faults that are waited for; of more the oldest are written as they stand. */
const OPEN_LIMIT = 5_000;

interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string };
}
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  events?: { timeUnixNano: string; name: string; attributes: Attribute[] }[];
  links?: { traceId: string; spanId: string }[];
  status?: { code: number; message?: string };
}
/** Whose span it is: the lab's, or the gateway's as the audit log tells of it. */
type Resource = "resilience-lab" | "gateway";
type Row = EventOf<"call.decided">;

export class OtlpTrace {
  readonly #record: RunRecord;
  readonly #write: (text: string) => Promise<void> | undefined;
  readonly #traceId: string;
  readonly #rootId: string;
  readonly #startNano: bigint;
  readonly #steps = new Map<string, EventOf<"step.started">>();
  readonly #faults = new Map<string, { intended: EventOf<"fault.intended">; applied?: EventOf<"fault.applied"> }>();
  readonly #calls = new Map<string, Row[]>();
  readonly #hits = new Map<string, string>();
  #spans: { resource: Resource; span: Span }[] = [];
  #isFirst = true;

  constructor(record: RunRecord, write: (text: string) => Promise<void> | undefined) {
    this.#record = record;
    this.#write = write;
    this.#traceId = idOf(`run ${record.id}`, 32);
    this.#rootId = idOf(`run ${record.id} root`, 16);
    this.#startNano = BigInt(record.startedWallMs) * 1_000_000n;
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
    return this.#spans.length < SPANS_AT_ONCE ? undefined : this.#writeSpans();
  }

  async end(): Promise<void> {
    for (const open of this.#steps.values()) this.#endStep(open, undefined);
    for (const open of this.#faults.values()) this.#endFault(open, undefined);
    for (const rows of this.#calls.values()) this.#endCall(rows);
    this.#endRun();
    await this.#writeSpans();
    await this.#write("\n]}\n");
  }

  /** Keeps what is not over yet; when that is too much, `close` ends the oldest as it stands. */
  #open<Value>(map: Map<string, Value>, key: string, value: Value, close: (oldest: Value) => void): void {
    map.set(key, value);
    if (map.size <= OPEN_LIMIT) return;
    const [oldest] = map;
    if (oldest === undefined) return;
    map.delete(oldest[0]);
    close(oldest[1]);
  }

  /** More decisions of a call, and the fault that it failed of, may come late: it is written when it is one of the oldest. */
  #takeRow(row: Row): void {
    const known = this.#calls.get(row.callId);
    if (known !== undefined) known.push(row);
    else this.#open(this.#calls, row.callId, [row], (oldest) => this.#endCall(oldest));
  }

  #endRun(): void {
    const { id, scenarioId, scenarioTitle, driver, without, outcome, reason, durationMs } = this.#record;
    this.#add("resilience-lab", {
      traceId: this.#traceId,
      spanId: this.#rootId,
      name: `run ${scenarioId}`,
      kind: INTERNAL,
      ...this.#times(0, durationMs),
      attributes: attributes({
        [`${OWN}.run.id`]: id,
        [`${OWN}.scenario.id`]: scenarioId,
        [`${OWN}.scenario.title`]: scenarioTitle,
        [`${OWN}.driver`]: driver,
        [`${OWN}.without`]: without.join(","),
        [`${OWN}.outcome`]: outcome,
        [`${OWN}.reason`]: reason,
      }),
      ...(outcome === "passed" ? {} : { status: { ...ERROR_STATUS, message: reason } }),
    });
  }

  #endStep(started: EventOf<"step.started">, ended: EventOf<"step.ended"> | undefined): void {
    const outcome = ended?.outcome ?? "cancelled";
    this.#add("resilience-lab", {
      ...this.#child(`step ${started.step}`),
      name: `step ${started.kind}`,
      kind: INTERNAL,
      ...this.#times(started.atMs, ended?.atMs ?? this.#record.durationMs),
      attributes: attributes({
        [`${OWN}.step.id`]: started.step,
        [`${OWN}.step.label`]: started.label,
        [`${OWN}.step.outcome`]: outcome,
      }),
      ...(outcome === "failed" ? { status: { ...ERROR_STATUS, message: ended?.error ?? "" } } : {}),
    });
  }

  #endFault(
    { intended, applied }: { intended: EventOf<"fault.intended">; applied?: EventOf<"fault.applied"> },
    undone: EventOf<"fault.undone"> | undefined,
  ): void {
    this.#add("resilience-lab", {
      ...this.#child(`fault ${intended.fault}`),
      name: `fault ${intended.kind} ${intended.target}`,
      kind: INTERNAL,
      ...this.#times(applied?.atMs ?? intended.atMs, undone?.atMs ?? this.#record.durationMs),
      attributes: attributes({
        [`${OWN}.fault.id`]: intended.fault,
        [`${OWN}.fault.kind`]: intended.kind,
        [`${OWN}.fault.target`]: intended.target,
        [`${OWN}.fault.undo`]: undone?.result ?? "not undone",
        [`${OWN}.fault.hits`]: undone?.hits,
      }),
    });
  }

  #endCall(rows: Row[]): void {
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return;
    const isOwnTrace = /^[0-9a-f]{32}$/.test(first.traceId) && /^[0-9a-f]{16}$/.test(first.spanId);
    const place = isOwnTrace
      ? { traceId: first.traceId, spanId: first.spanId, links: [{ traceId: this.#traceId, spanId: this.#rootId }] }
      : this.#child(`call ${first.callId}`);
    const [startMs, endMs] = [this.#decidedMs(first) - first.durationMs, this.#decidedMs(last)];
    const hasFailed = last.decision === "upstream_error";
    const fault = hasFailed ? this.#hits.get(first.traceId) : undefined;
    this.#add("gateway", {
      ...place,
      name: `tools/call ${first.tool}`,
      kind: SERVER,
      ...this.#times(startMs, endMs),
      attributes: attributes({
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": first.tool,
        "gen_ai.operation.name": "execute_tool",
        "mcp.session.id": first.sessionId,
        "gen_ai.tool.call.arguments": JSON.stringify(first.arguments) ?? "",
        "error.type": hasFailed ? "upstream_error" : undefined,
        [`${OWN}.run.id`]: this.#record.id,
        [`${OWN}.call.id`]: first.callId,
        [`${OWN}.turn.id`]: first.turnId,
        [`${OWN}.backend`]: first.backend,
        [`${OWN}.decision`]: last.decision,
        [`${OWN}.fault.id`]: fault,
      }),
      events: rows.map((row) => ({
        timeUnixNano: this.#nano(this.#decidedMs(row)),
        name: `${OWN}.decision`,
        attributes: attributes({ [`${OWN}.decision`]: row.decision, [`${OWN}.decision.reason`]: row.reason }),
      })),
      ...(hasFailed ? { status: { ...ERROR_STATUS, message: last.reason } } : {}),
    });
    this.#addApproval(rows, place);
  }

  #addApproval(rows: Row[], call: { traceId: string; spanId: string }): void {
    const asked = rows.find(({ decision }) => decision === "approvalRequired");
    const answered = rows.find(
      ({ decision }) => decision === "approved" || decision === "denied" || decision === "expired",
    );
    if (asked === undefined) return;
    this.#add("gateway", {
      traceId: call.traceId,
      spanId: idOf(`${this.#record.id} approval ${asked.callId}`, 16),
      parentSpanId: call.spanId,
      name: `${OWN}.approval ${asked.tool}`,
      kind: INTERNAL,
      ...this.#times(this.#decidedMs(asked), answered ? this.#decidedMs(answered) : this.#record.durationMs),
      attributes: attributes({
        [`${OWN}.approval.result`]: answered?.decision ?? "waiting",
        [`${OWN}.approval.reason`]: answered?.reason,
      }),
    });
  }

  /** By the gateway's clock, in milliseconds since the run began. */
  #decidedMs(row: Row): number {
    return row.decidedWallMs - this.#record.startedWallMs;
  }

  #child(what: string): { traceId: string; spanId: string; parentSpanId: string } {
    return { traceId: this.#traceId, spanId: idOf(`${this.#record.id} ${what}`, 16), parentSpanId: this.#rootId };
  }

  #times(startMs: number, endMs: number): { startTimeUnixNano: string; endTimeUnixNano: string } {
    const start = Math.max(0, startMs);
    return { startTimeUnixNano: this.#nano(start), endTimeUnixNano: this.#nano(Math.max(start, endMs)) };
  }

  /** Nanoseconds since the epoch are more than a number can hold exactly. */
  #nano(ms: number): string {
    return String(this.#startNano + BigInt(Math.round(ms * 1_000)) * 1_000n);
  }

  #add(resource: Resource, span: Span): void {
    this.#spans.push({ resource, span });
  }

  async #writeSpans(): Promise<void> {
    for (const resource of ["resilience-lab", "gateway"] as const) {
      const spans = this.#spans.filter((each) => each.resource === resource).map(({ span }) => span);
      if (spans.length === 0) continue;
      const block = {
        resource: { attributes: attributes({ "service.name": resource }) },
        scopeSpans: [{ scope: { name: OWN }, spans }],
      };
      const before = this.#isFirst ? '{"resourceSpans":[\n' : ",\n";
      this.#isFirst = false;
      await this.#write(before + JSON.stringify(block));
    }
    this.#spans = [];
  }
}

/** An identifier that is the same each time the same run is exported. */
function idOf(what: string, digits: 16 | 32): string {
  return createHash("sha256").update(what).digest("hex").slice(0, digits);
}

function attributes(values: Record<string, string | number | undefined>): Attribute[] {
  return Object.entries(values).flatMap(([key, value]): Attribute[] => {
    if (value === undefined || value === "") return [];
    return [{ key, value: typeof value === "string" ? { stringValue: value } : { intValue: String(value) } }];
  });
}
