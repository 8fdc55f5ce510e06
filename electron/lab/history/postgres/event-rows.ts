import { type EventColumns, rowAt } from "../event-columns.ts";

/** Rows of events as one array for each column: one statement with eight values inserts any number of them. */
export interface EventArrays {
  runKeys: number[];
  seqs: number[];
  atUs: number[];
  wallMs: number[];
  types: number[];
  bodies: string[];
  services: (string | null)[];
  decisions: (string | null)[];
}

export const EVENT_TABLE = "(run_key, seq, at_us, wall_ms, type, body, service, decision)";

/** The arrays as a table; they are the values from this number on. */
export function unnested(first: number): string {
  const arrays = ["bigint", "integer", "bigint", "bigint", "smallint", "text", "text", "text"];
  return `unnest(${arrays.map((type, index) => `$${first + index}::${type}[]`).join(", ")}) AS given ${EVENT_TABLE}`;
}

export function noEvents(): EventArrays {
  return { runKeys: [], seqs: [], atUs: [], wallMs: [], types: [], bodies: [], services: [], decisions: [] };
}

export function addEvents(arrays: EventArrays, runKey: number, { numbers, bodies }: EventColumns): void {
  for (const [index, each] of bodies.entries()) {
    const { seq, atUs, wallMs, type, body } = rowAt(numbers, index, each);
    arrays.runKeys.push(runKey);
    arrays.seqs.push(seq);
    arrays.atUs.push(atUs);
    arrays.wallMs.push(wallMs);
    arrays.types.push(type);
    arrays.bodies.push(body);
    const { service, decision } = searched(body);
    arrays.services.push(service);
    arrays.decisions.push(decision);
  }
}

export function valuesOf(arrays: EventArrays): unknown[] {
  const { runKeys, seqs, atUs, wallMs, types, bodies, services, decisions } = arrays;
  return [runKeys, seqs, atUs, wallMs, types, bodies, services, decisions];
}

/** Parses only bodies that have the fields at all. */
function searched(body: string): { service: string | null; decision: string | null } {
  if (!body.includes('"service":') && !body.includes('"decision":')) return { service: null, decision: null };
  const { service, decision } = JSON.parse(body) as { service?: unknown; decision?: unknown };
  return { service: textOf(service), decision: textOf(decision) };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? storable(value) : null;
}

/** PostgreSQL's text has no U+0000. */
export function storable(text: string): string {
  return text.replaceAll("\u0000", "\ufffd");
}
