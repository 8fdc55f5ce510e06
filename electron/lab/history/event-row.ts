import { type LabEvent, type LabEventType, labEvent } from "../events/lab-event.ts";
import { LabError } from "../lab-error.ts";

/** Codes of event types as stored. Append only: a position is a promise to every database already written. */
const TYPE_CODES: readonly LabEventType[] = [
  "run.started",
  "phase.started",
  "step.started",
  "step.ended",
  "health.changed",
  "service.log",
  "service.logs-dropped",
  "fault.intended",
  "fault.applied",
  "fault.undone",
  "call.decided",
  "check.evaluated",
  "warning",
  "run.ended",
  "fault.hit",
  "call.ended",
];
const CODE_OF = new Map(TYPE_CODES.map((type, code) => [type, code]));

export interface EventRow {
  seq: number;
  at_us: number;
  wall_ms: number;
  type: number;
  body: string;
}

export function toRow(event: LabEvent): EventRow {
  const { runId: _runId, seq, atMs, wallMs, type, ...body } = event;
  const code = CODE_OF.get(type);
  if (code === undefined) throw new LabError("internal", `event type ${type} has no code in the history`);
  return { seq, at_us: Math.round(atMs * 1000), wall_ms: Math.round(wallMs), type: code, body: JSON.stringify(body) };
}

/** @throws LabError when the row was damaged, naming the run and the event. */
export function fromRow(runId: string, row: EventRow): LabEvent {
  try {
    return labEvent.parse({
      runId,
      seq: row.seq,
      atMs: row.at_us / 1000,
      wallMs: row.wall_ms,
      type: TYPE_CODES[row.type],
      ...JSON.parse(row.body),
    });
  } catch (error) {
    throw new LabError("bad-input", `event ${row.seq} of run ${runId} is damaged in the history`, { cause: error });
  }
}
