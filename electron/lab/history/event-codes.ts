import type { LabEventType } from "../../model/lab-event.ts";

/** Numbers of event types as stored. What has shipped is never changed: it is a promise to every database written. */
const CODES: Readonly<Record<LabEventType, number>> = {
  "run.started": 0,
  "phase.started": 1,
  "step.started": 2,
  "step.ended": 3,
  "health.changed": 4,
  "service.log": 5,
  "service.logs-dropped": 6,
  "fault.intended": 7,
  "fault.applied": 8,
  "fault.undone": 9,
  "call.decided": 10,
  "check.evaluated": 11,
  warning: 12,
  "run.ended": 13,
  "fault.hit": 14,
  "call.ended": 15,
};
const CODE_OF = new Map<string, number>(Object.entries(CODES));
const TYPE_OF = new Map([...CODE_OF].map(([type, code]) => [code, type as LabEventType]));

/** The number under which a type of event is stored; undefined for a word that is none. */
export function codeOf(type: string): number | undefined {
  return CODE_OF.get(type);
}

/** Undefined for a number that this version does not know. */
export function typeOf(code: number): LabEventType | undefined {
  return TYPE_OF.get(code);
}
