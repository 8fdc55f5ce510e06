import type { LabEventType } from "../lab-event.ts";

/** Events that no headline depends on, and that are most of a run's. */
export const UNREAD_TYPES: readonly LabEventType[] = ["service.log", "service.logs-dropped"];
