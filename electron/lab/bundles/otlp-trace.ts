import type { EventOf, LabEvent } from "../../model/lab-event.ts";
import { CallingSteps } from "./calling-steps.ts";
import type { RunRecord } from "./format.ts";
import { callSpans, OWN, startedWallMs, type TracedCall } from "./otlp-call.ts";
import { INTERNAL, idOf, type Span, spellAttributes, spellSpan, unixNano } from "./otlp-span.ts";

const SPANS_AT_ONCE = 256;
/** Calls, steps and faults that are waited for, about; of more the oldest are written as they stand. */
const OPEN_LIMIT = 1_000;

type Fault = { intended: EventOf<"fault.intended">; applied?: EventOf<"fault.applied"> };

/** Whose span it is: the lab's, or the gateway's as its records tell of it. */
type Resource = "lab" | "gateway";

/**
 * A run as OTLP JSON, one `ExportTraceServiceRequest`, made as its events go by: one trace, in which the run is above its
 * steps and faults, and a step above the calls that it made. All times are on the run's one clock.
 */
export class OtlpTrace {
  readonly #record: RunRecord;
  readonly #write: (text: string) => Promise<void> | undefined;
  readonly #traceId: string;
  readonly #rootId: string;
  readonly #steps = new Map<string, EventOf<"step.started">>();
  readonly #faults = new Map<string, Fault>();
  readonly #calls = new Map<string, TracedCall>();
  readonly #callingSteps = new CallingSteps();
  readonly #hits = new Map<string, string>();
  readonly #spans: Record<Resource, string> = { lab: "", gateway: "" };
  readonly #serviceNames: Record<Resource, string> = { lab: "resilience-lab", gateway: "gateway" };
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
      case "run.started":
        this.#serviceNames.gateway = event.services.find(({ role }) => role === "gateway")?.name ?? "gateway";
        break;
      case "step.started":
        this.#callingSteps.started(event);
        this.#open(this.#steps, event.step, event, (open) => this.#endStep(open, undefined));
        break;
      case "step.ended": {
        this.#callingSteps.ended(event);
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
        this.#call(event.callId).rows.push(event);
        break;
      case "call.ended":
        this.#call(event.callId).end = event;
        break;
    }
    return this.#waiting < SPANS_AT_ONCE ? undefined : this.#writeSpans();
  }

  async end(): Promise<void> {
    for (const open of this.#steps.values()) this.#endStep(open, undefined);
    for (const open of this.#faults.values()) this.#endFault(open, undefined);
    for (const call of this.#calls.values()) this.#endCall(call);
    this.#endRun();
    await this.#writeSpans();
    await this.#write("\n]}\n");
  }

  /** Keeps what may not be over yet; when that is twice too much, `close` ends half of it as it stands: the oldest of what is over, then the oldest. */
  #open<Value>(
    map: Map<string, Value>,
    key: string,
    value: Value,
    close: (old: Value) => void,
    isOver: (old: Value) => boolean = () => false,
  ): void {
    map.set(key, value);
    if (map.size < 2 * OPEN_LIMIT) return;
    const [over, open] = [[...map].filter(([, old]) => isOver(old)), [...map].filter(([, old]) => !isOver(old))];
    for (const [oldKey, old] of [...over, ...open].slice(0, OPEN_LIMIT)) {
      map.delete(oldKey);
      close(old);
    }
  }

  /** More decisions of a call, and the fault that it failed of, may come late: it is written when it is one of the oldest. */
  #call(callId: string): TracedCall {
    const known = this.#calls.get(callId);
    if (known !== undefined) return known;
    const call: TracedCall = { rows: [], end: undefined };
    this.#open(
      this.#calls,
      callId,
      call,
      (old) => this.#endCall(old),
      ({ end }) => end !== undefined,
    );
    return call;
  }

  #endRun(): void {
    const { scenarioId, scenarioTitle, driver, without, outcome, reason, durationMs } = this.#record;
    this.#add("lab", {
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
    this.#add("lab", {
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
    this.#add("lab", {
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

  #endCall(call: TracedCall): void {
    const what = call.end ?? call.rows[0];
    if (what === undefined) return;
    const step = this.#callingSteps.stepOf(what.turnId, startedWallMs(call));
    const { startedWallMs: runStartedWallMs, durationMs } = this.#record;
    const spans = callSpans(call, {
      ...this.#child(`call ${what.callId}`),
      ...(step === undefined ? {} : { parentSpanId: this.#idOf(`step ${step.step}`), joinedBy: step.by }),
      approvalSpanId: this.#idOf(`approval ${what.callId}`),
      fault: this.#hits.get(what.traceId),
      nano: (wallMs) => this.#nano(wallMs - runStartedWallMs),
      runEndWallMs: runStartedWallMs + durationMs,
    });
    for (const span of spans) this.#add("gateway", span);
  }

  #child(what: string): { traceId: string; spanId: string; parentSpanId: string } {
    return { traceId: this.#traceId, spanId: this.#idOf(what), parentSpanId: this.#rootId };
  }

  #idOf(what: string): string {
    return idOf(`${this.#record.id} ${what}`, 16);
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
    for (const resource of ["lab", "gateway"] as const) {
      const spans = this.#spans[resource];
      if (spans === "") continue;
      this.#spans[resource] = "";
      const whose = spellAttributes({
        "service.name": this.#serviceNames[resource],
        [`${OWN}.run.id`]: this.#record.id,
      });
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
