import { type LabEvent, labEvent } from "../../model/lab-event.ts";
import { LabError } from "../lab-error.ts";
import { codeOf, typeOf } from "./event-codes.ts";

/** An event as it is stored: what every event has in columns, the rest as JSON. */
export interface EventRow {
  seq: number;
  /** Microseconds since the run began. */
  atUs: number;
  wallMs: number;
  /** {@link codeOf} */
  type: number;
  body: string;
}

export function toRow(event: LabEvent): EventRow {
  const { runId: _runId, seq, atMs, wallMs, type, ...body } = event;
  const code = codeOf(type);
  if (code === undefined) throw new LabError("internal", `event type ${type} has no code in the history`);
  return { seq, atUs: Math.round(atMs * 1000), wallMs: Math.round(wallMs), type: code, body: JSON.stringify(body) };
}

/** @throws LabError when the row was damaged, naming the run and the event. */
export function fromRow(runId: string, row: EventRow): LabEvent {
  return checked(runId, row, () => labEvent.parse(parts(runId, row)));
}

/** A stored event, not checked against its shape again: pages are read by the thousand. @throws LabError when damaged */
export function readRow(runId: string, row: EventRow): LabEvent {
  return checked(runId, row, () => {
    const event = parts(runId, row);
    if (event.type === undefined) throw new Error(`no event type has the code ${row.type}`);
    return event as LabEvent;
  });
}

function parts(runId: string, { seq, atUs, wallMs, type, body }: EventRow) {
  return { ...(JSON.parse(body) as object), runId, seq, atMs: atUs / 1000, wallMs, type: typeOf(type) };
}

function checked(runId: string, { seq }: EventRow, read: () => LabEvent): LabEvent {
  try {
    return read();
  } catch (error) {
    throw new LabError("bad-input", `event ${seq} of run ${runId} is damaged in the history`, { cause: error });
  }
}
