/**
 * The id of the span that a step of a run is, for the services that it asks: half of it is of the run, the other half the
 * number of the step, from 1; 0 for what the run asks outside its steps. So a trace leads to its step without a record of it.
 */
export function stepSpanId(runId: string, step: number): string {
  return prefixOf(runId) + step.toString(16).padStart(8, "0");
}

/** The number of the step whose span has this id; undefined for an id that is none of this run's. */
export function stepOfSpanId(runId: string, spanId: string): number | undefined {
  const prefix = prefixOf(runId);
  return spanId.length === 16 && spanId.startsWith(prefix) ? Number.parseInt(spanId.slice(8), 16) : undefined;
}

/** The first 8 digits of a UUID; an id of zeros is none. */
function prefixOf(runId: string): string {
  const digits = runId
    .replaceAll(/[^0-9a-f]/g, "")
    .slice(0, 8)
    .padEnd(8, "a");
  return digits === "00000000" ? "aaaaaaaa" : digits;
}
