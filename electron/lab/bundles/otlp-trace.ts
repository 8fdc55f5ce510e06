import type { EventOf } from "../../model/lab-event.ts";
import { askedAndAnswered } from "../../model/run-turns.ts";
import { type AnySpan, isOpen, lastedUntil, type Span } from "../../model/span.ts";
import type { SpanSink, SpanTracker } from "../../model/span-tracker.ts";
import type { RunRecord } from "./format.ts";
import { callSpans, OWN } from "./otlp-call.ts";
import { INTERNAL, idOf, type Span as OtlpSpan, serializeAttributes, serializeSpan, unixNano } from "./otlp-span.ts";
import { wireSpan } from "./otlp-wire-call.ts";

const SPANS_AT_ONCE = 256;

const FAULT_ID = `${OWN}.fault.id`;

/** The resource of a span: the lab, or the gateway by its records. */
type Resource = "lab" | "gateway";

/**
 * A run as OTLP JSON, one `ExportTraceServiceRequest`, written as a stream: steps and faults when they end, calls when they
 * are dropped by the tracker, since their decisions, ends and the fault that failed them may come late. One trace: the run
 * is the parent of its steps and faults, a step the parent of its calls, also of those that were read on links.
 */
export class OtlpTrace implements SpanSink {
  readonly #record: RunRecord;
  readonly #write: (text: string) => Promise<void> | undefined;
  readonly #traceId: string;
  readonly #rootId: string;
  /** The first approval of each unwritten call, by the call's span id in the run. */
  readonly #approvals = new Map<string, Span<"approval">>();
  /** The lab's id of each fault, by its span id in the run. */
  readonly #faultIds = new Map<string, string>();
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

  began({ services }: EventOf<"run.started">): void {
    this.#serviceNames.gateway = services.find(({ role }) => role === "gateway")?.name ?? "gateway";
  }

  opened(span: AnySpan): void {
    if (span.kind === "approval") this.#keepApproval(span);
    else if (span.kind === "fault") this.#faultIds.set(span.id, span.attributes.fault);
  }

  changed(span: AnySpan): void {
    if (span.kind === "approval") this.#keepApproval(span);
    else if ((span.kind === "step" || span.kind === "fault") && !isOpen(span) && isFirstEnd(span)) this.#end(span);
  }

  /** Writes a span that has not ended in its current state. */
  dropped(span: AnySpan): void {
    if (span.kind === "call" || span.kind === "wire" || isOpen(span)) this.#end(span);
  }

  /** Returns a promise to await when a batch of spans was written. */
  writeIfFull(): Promise<void> | undefined {
    return this.#waiting < SPANS_AT_ONCE ? undefined : this.#writeSpans();
  }

  async end(tracker: SpanTracker): Promise<void> {
    for (const kind of ["step", "fault", "call", "wire"] as const) {
      for (const span of tracker.kept(kind)) this.dropped(span as AnySpan);
    }
    this.#endRun();
    await this.#writeSpans();
    await this.#write("\n]}\n");
  }

  #keepApproval(approval: Span<"approval">): void {
    if (approval.parent === undefined) return;
    const known = this.#approvals.get(approval.parent);
    if (known === undefined || known.id === approval.id) this.#approvals.set(approval.parent, approval);
  }

  #end(span: AnySpan): void {
    if (span.kind === "step") this.#endStep(span);
    else if (span.kind === "fault") this.#endFault(span);
    else if (span.kind === "call") this.#endCall(span);
    else if (span.kind === "wire") this.#endWireCall(span);
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

  #endStep(step: Span<"step">): void {
    const { name, status, startMs, attributes } = step;
    this.#add("lab", {
      ...this.#child(step.id),
      name: `step ${attributes.kind}`,
      kind: INTERNAL,
      ...this.#times(startMs, lastedUntil(step, this.#record.durationMs)),
      attributes: {
        [`${OWN}.step.id`]: attributes.step,
        [`${OWN}.step.label`]: name,
        [`${OWN}.step.outcome`]: isOpen(step) ? "cancelled" : status,
        ...turnOf(step),
      },
      ...(status === "failed" ? { error: attributes.error ?? "" } : {}),
    });
  }

  #endFault(fault: Span<"fault">): void {
    const { name, status, startMs, attributes } = fault;
    this.#add("lab", {
      ...this.#child(`fault ${attributes.fault}`),
      name: `fault ${name}`,
      kind: INTERNAL,
      ...this.#times(attributes.appliedMs ?? startMs, lastedUntil(fault, this.#record.durationMs)),
      attributes: {
        [FAULT_ID]: attributes.fault,
        [`${OWN}.fault.kind`]: attributes.kind,
        [`${OWN}.fault.target`]: attributes.target,
        [`${OWN}.fault.undo`]: isOpen(fault) ? "not undone" : status,
        [`${OWN}.fault.hits`]: attributes.countedHits,
      },
    });
  }

  #endCall(call: Span<"call">): void {
    const { callId } = call.attributes;
    const spans = callSpans(call, this.#approvals.get(call.id), {
      ...this.#child(`call ${callId}`),
      ...(call.parent === undefined ? {} : { parentSpanId: this.#idOf(call.parent) }),
      approvalSpanId: this.#idOf(`approval ${callId}`),
      fault: this.#faultIds.get(call.links[0] ?? ""),
      nano: (ms) => this.#nano(ms),
      runEndMs: this.#record.durationMs,
    });
    this.#approvals.delete(call.id);
    for (const span of spans) this.#add("gateway", span);
  }

  #endWireCall(call: Span<"wire">): void {
    const context = {
      ...this.#child(`wire ${call.attributes.call}`),
      ...(call.parent === undefined ? {} : { parentSpanId: this.#idOf(call.parent) }),
      fault: call.attributes.faults[0],
      nano: (ms: number) => this.#nano(ms),
      runEndMs: this.#record.durationMs,
    };
    this.#add("lab", wireSpan(call, context));
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

  #add(resource: Resource, span: OtlpSpan): void {
    const before = this.#spans[resource];
    this.#spans[resource] = `${before}${before === "" ? "" : ",\n"}${serializeSpan(span)}`;
    this.#waiting++;
  }

  async #writeSpans(): Promise<void> {
    for (const resource of ["lab", "gateway"] as const) {
      const spans = this.#spans[resource];
      if (spans === "") continue;
      this.#spans[resource] = "";
      const whose = serializeAttributes({
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

/** A step that asks an agent is a turn of it, by OpenTelemetry's conventions for agents. */
function turnOf(step: Span<"step">): Record<string, string> {
  if (step.attributes.kind !== "agent") return {};
  const { asked, answer } = askedAndAnswered(step);
  const message = (role: string, content: string) => JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
  return {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.input.messages": message("user", asked),
    ...(answer === "" ? {} : { "gen_ai.output.messages": message("assistant", answer) }),
  };
}

/** A span that has been written is not written again when it changes later. */
function isFirstEnd({ before }: Span): boolean {
  return before === undefined || isOpen(before);
}
