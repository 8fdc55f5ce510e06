import type { RunRecord } from "../state/run-record.ts";
import type { Axis } from "../timeline/axis.ts";
import { axisOf } from "../timeline/run-axis.ts";

/**
 * The axis that all views of a run share. Of a trace file, or a session that was kept, only spans tell what was in progress:
 * no time of it is known to be idle.
 */
export function axisOfRun({ timeline, view }: RunRecord, untilMs: number, collapsesIdle: boolean): Axis {
  const isRecorded = view.steps.length + view.calls.length + view.faults.length > 0;
  return axisOf([timeline], Math.max(untilMs, 1), collapsesIdle && isRecorded);
}
