import type { EventOf, Outcome } from "./lab-event.ts";
import type { Instant, Span } from "./span.ts";

/** A run as it stood after one of its events: the newest, or an earlier one. Spans and instants in the order of the log. */
export interface RunView {
  /** The last event that it knows of; 0 for an empty view. */
  readonly seq: number;
  readonly runId: string;
  readonly lastMs: number;
  readonly started?: EventOf<"run.started"> | undefined;
  readonly ended?: { outcome: Outcome; reason: string; atMs: number } | undefined;
  readonly phases: readonly Span<"phase">[];
  readonly steps: readonly Span<"step">[];
  readonly faults: readonly Span<"fault">[];
  readonly health: readonly Span<"health">[];
  readonly calls: readonly Span<"call">[];
  readonly approvals: readonly Span<"approval">[];
  readonly decisions: readonly Instant<"decision">[];
  readonly hits: readonly Instant<"hit">[];
  readonly checks: readonly Instant<"check">[];
  readonly warnings: readonly Instant<"warning">[];
}

export function healthOf(view: RunView, service: string): Span<"health"> | undefined {
  return view.health.findLast(({ name }) => name === service);
}

/** Calls that a decision was made on: what ended before that, such as a call of no tool, is none that a check counts. */
export function decidedCalls({ calls }: RunView): Span<"call">[] {
  return calls.filter(({ attributes }) => attributes.decisions.length > 0);
}

/** The services of a run, or those that were seen when its beginning is missing. */
export function servicesOf(view: RunView): string[] {
  return view.started?.services.map(({ name }) => name) ?? [...new Set(view.health.map(({ name }) => name))];
}

/** Requests that met a fault so far. Once its undo has counted them, hits that arrive later are among those. */
export function hitsOn(view: RunView, { attributes }: Span<"fault">): number {
  if (attributes.countedHits !== undefined) return attributes.countedHits;
  return view.hits.reduce((sum, { event }) => sum + (event.fault === attributes.fault ? 1 : 0), 0);
}

/** Faults that were in force at a moment; one that was refused never was. */
export function faultsInForce(faults: readonly Span<"fault">[], ms: number): Span<"fault">[] {
  return faults.filter(({ status, startMs, endMs }) => status !== "refused" && startMs <= ms && endMs > ms);
}
