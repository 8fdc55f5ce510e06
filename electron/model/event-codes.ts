import type { LabEventType } from "./lab-event.ts";

/** Codes of event types as stored in histories: never changed or reused. A new type gets the next number. */
export const EVENT_CODES: { readonly [Type in LabEventType]: number } = {
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
  "wire.call": 16,
  "wire.calls-dropped": 17,
  "backend.changed": 18,
};
const TYPES = new Map(Object.entries(EVENT_CODES).map(([type, code]) => [code, type as LabEventType]));

export function typeWithCode(code: number): LabEventType | undefined {
  return TYPES.get(code);
}
