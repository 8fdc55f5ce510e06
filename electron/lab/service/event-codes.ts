import { type LabEvent, type LabEventType, labEvent } from "../events/lab-event.ts";
import { type EventRow, toRow } from "../history/event-row.ts";
import { LabError } from "../lab-error.ts";

const CODES = new Map(
  labEvent.options.map((option): [LabEventType, number] => {
    const type = option.shape.type.value;
    return [type, toRow({ type, runId: "", seq: 1, atMs: 0, wallMs: 0 } as LabEvent).type];
  }),
);
const TYPES = new Map([...CODES].map(([type, code]) => [code, type]));

/** The number under which the history stores a type of event; undefined for a word that is none. */
export function codeOf(type: string): number | undefined {
  return CODES.get(type as LabEventType);
}

export function typeOf(code: number): LabEventType | undefined {
  return TYPES.get(code);
}

/** A stored event, not checked against its schema again: pages are read by the thousand. @throws LabError when damaged */
export function readRow(runId: string, row: EventRow): LabEvent {
  const type = TYPES.get(row.type);
  try {
    if (type === undefined) throw new Error(`no event type has the code ${row.type}`);
    const body = JSON.parse(row.body) as object;
    return { ...body, runId, seq: row.seq, atMs: row.at_us / 1000, wallMs: row.wall_ms, type } as LabEvent;
  } catch (error) {
    throw new LabError("bad-input", `event ${row.seq} of run ${runId} is damaged in the history`, { cause: error });
  }
}
