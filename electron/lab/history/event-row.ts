import { EVENT_CODES, typeWithCode } from "../../model/event-codes.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { NewerEvents, type StoredEvent, upgradeEvent } from "../../model/upgrade.ts";
import { LabError } from "../lab-error.ts";

/** An event as it is stored: the common fields in columns, the rest as JSON. */
export interface EventRow {
  seq: number;
  /** Microseconds since the start of the run. */
  atUs: number;
  wallMs: number;
  /** Its code: see event-codes.ts of the model. */
  type: number;
  body: string;
}

export function toRow(event: LabEvent): EventRow {
  const { runId: _runId, seq, atMs, wallMs, type, ...body } = event;
  const code = EVENT_CODES[type];
  return { seq, atUs: Math.round(atMs * 1000), wallMs: Math.round(wallMs), type: code, body: JSON.stringify(body) };
}

/**
 * A stored event, upgraded to this version.
 * @param check validates its shape where needed
 * @throws LabError when the row is damaged, naming the run and the event, or was written by a newer lab
 */
export function readRow(
  runId: string,
  { seq, atUs, wallMs, type: code, body }: EventRow,
  check: (stored: StoredEvent) => LabEvent = (stored) => stored as unknown as LabEvent,
): LabEvent {
  try {
    const type = typeWithCode(code);
    if (type === undefined) throw new Error(`no event type has the code ${code}`);
    const fields = JSON.parse(body) as object;
    return check(upgradeEvent({ ...fields, runId, seq, atMs: atUs / 1000, wallMs, type }));
  } catch (error) {
    if (error instanceof NewerEvents) throw new LabError("bad-input", `run ${runId} cannot be read: ${error.message}`);
    throw new LabError("bad-input", `event ${seq} of run ${runId} is damaged in the history`, { cause: error });
  }
}

/** Why a run whose lab has died is ended. */
export const LAB_DIED = "the lab died while this run was in progress; what it had broken was restored by a later start";

/** The last event of a run that did not end by itself, as it is stored. */
export function interruption(reason: string): { type: number; body: string } {
  const { type, ...ending } = { type: "run.ended" as const, outcome: "interrupted" as const, reason };
  return { type: EVENT_CODES[type], body: JSON.stringify(ending) };
}
