import { EVENT_CODES, typeWithCode } from "../../model/event-codes.ts";
import type { LabEventType } from "../../model/lab-event.ts";

/** The number under which a type of event is stored; undefined for an unknown type. */
export function codeOf(type: string): number | undefined {
  return Object.hasOwn(EVENT_CODES, type) ? EVENT_CODES[type as LabEventType] : undefined;
}

/** Undefined for a number that this version does not know. */
export const typeOf = typeWithCode;
