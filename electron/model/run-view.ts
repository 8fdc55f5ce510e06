import type { EventOf, Outcome } from "./lab-event.ts";
import type { Instant, Span } from "./span.ts";

/** The state of a run after one of its events, the newest or an earlier one. Spans and instants in log order. */
export interface RunView {
  /** Number of its last event; 0 for an empty view. */
  readonly seq: number;
  readonly runId: string;
  readonly lastMs: number;
  readonly started?: EventOf<"run.started"> | undefined;
  readonly ended?: { outcome: Outcome; reason: string; atMs: number } | undefined;
  readonly phases: readonly Span<"phase">[];
  readonly steps: readonly Span<"step">[];
  readonly faults: readonly Span<"fault">[];
  readonly health: readonly Span<"health">[];
  readonly backends: readonly Span<"backend">[];
  readonly calls: readonly Span<"call">[];
  readonly wireCalls: readonly Span<"wire">[];
  readonly approvals: readonly Span<"approval">[];
  readonly decisions: readonly Instant<"decision">[];
  readonly hits: readonly Instant<"hit">[];
  readonly checks: readonly Instant<"check">[];
  readonly warnings: readonly Instant<"warning">[];
}

export function healthOf(view: RunView, service: string): Span<"health"> | undefined {
  return view.health.findLast(({ name }) => name === service);
}

/** Calls with a decision: a call that ended before one, such as a call without a tool, is not counted by checks. */
export function decidedCalls({ calls }: RunView): Span<"call">[] {
  return calls.filter(({ attributes }) => attributes.decisions.length > 0);
}

/** The services of a run; if its start is missing, those seen so far. */
export function servicesOf(view: RunView): string[] {
  return view.started?.services.map(({ name }) => name) ?? [...new Set(view.health.map(({ name }) => name))];
}

/** Requests that met a fault so far. Once its undo has counted them, later hit events are already included. */
export function hitsOn(view: RunView, { attributes }: Span<"fault">): number {
  if (attributes.countedHits !== undefined) return attributes.countedHits;
  return view.hits.reduce((sum, { event }) => sum + (event.fault === attributes.fault ? 1 : 0), 0);
}

/** Faults in force at a moment; a refused one never was. */
export function faultsInForce(faults: readonly Span<"fault">[], ms: number): Span<"fault">[] {
  return faults.filter(({ status, startMs, endMs }) => status !== "refused" && startMs <= ms && endMs > ms);
}
