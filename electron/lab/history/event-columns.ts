import type { EventRow } from "./event-row.ts";

/** Rows of events in the form that is sent between threads: copying an object for each would cost more than storing it. */
export interface EventColumns {
  /** For each row: seq, atUs, wallMs, type. */
  numbers: Float64Array;
  bodies: string[];
}

export type EventTuple = [seq: number, atUs: number, wallMs: number, type: number, body: string, ...rest: unknown[]];

const WIDTH = 4;

export function toColumns(rows: readonly EventRow[]): EventColumns {
  const numbers = new Float64Array(rows.length * WIDTH);
  for (const [index, row] of rows.entries()) setRow(numbers, index, row.seq, row.atUs, row.wallMs, row.type);
  return { numbers, bodies: rows.map(({ body }) => body) };
}

/** Converts rows of better-sqlite3's raw mode; columns after the fifth are ignored. */
export function tuplesToColumns(tuples: readonly EventTuple[]): EventColumns {
  const numbers = new Float64Array(tuples.length * WIDTH);
  for (const [index, [seq, atUs, wallMs, type]] of tuples.entries()) setRow(numbers, index, seq, atUs, wallMs, type);
  return { numbers, bodies: tuples.map(([, , , , body]) => body) };
}

function setRow(numbers: Float64Array, index: number, seq: number, atUs: number, wallMs: number, type: number): void {
  const at = index * WIDTH;
  numbers[at] = seq;
  numbers[at + 1] = atUs;
  numbers[at + 2] = wallMs;
  numbers[at + 3] = type;
}

export function toRows({ numbers, bodies }: EventColumns): EventRow[] {
  return bodies.map((body, index) => rowAt(numbers, index, body));
}

export function rowAt(numbers: Float64Array, index: number, body: string): EventRow {
  const at = index * WIDTH;
  return {
    seq: numbers[at] ?? 0,
    atUs: numbers[at + 1] ?? 0,
    wallMs: numbers[at + 2] ?? 0,
    type: numbers[at + 3] ?? 0,
    body,
  };
}
