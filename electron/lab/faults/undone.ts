import type { UndoResult } from "../../model/lab-event.ts";

/** What came of undoing a fault. */
export interface Undone {
  result: UndoResult;
  detail: string;
  /** Requests that met the fault, where they are counted. */
  hits?: number;
}
