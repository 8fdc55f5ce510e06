import type { Outcome } from "../../model/outcomes.ts";
import type { QueuedRun, QueueState } from "./queue-store.ts";

export interface QueueRow {
  run_id: string;
  spec: string;
  labels: string;
  max_attempts: number;
  deadline_ms: number;
  state: QueueState;
  attempt: number;
  worker: string | null;
  lease_left_ms: number | null;
  cancel_requested: number;
  outcome: Outcome | null;
  reason: string | null;
  summary: string | null;
  submitted_ms: number;
  started_ms: number | null;
  finished_ms: number | null;
}

/** Without the traces and the eval set that an evaluation carries: their size, as JSON, is given instead. */
export function toBriefRun(row: QueueRow): QueuedRun {
  const run = toRun(row);
  const { target, evalSet: _, ...rest } = run.spec as { target?: { data?: unknown }; evalSet?: unknown };
  if (target === undefined) return run;
  const { data: __, ...where } = target;
  const spec = { ...rest, target: where };
  const omittedBytes = Buffer.byteLength(row.spec) - Buffer.byteLength(JSON.stringify(spec));
  return { ...run, spec: { ...spec, omittedBytes } };
}

export function toRun(row: QueueRow): QueuedRun {
  return {
    runId: row.run_id,
    spec: JSON.parse(row.spec) as unknown,
    labels: JSON.parse(row.labels) as string[],
    maxAttempts: row.max_attempts,
    deadlineMs: row.deadline_ms,
    state: row.state,
    attempt: row.attempt,
    worker: row.worker,
    leaseLeftMs: row.lease_left_ms,
    cancelRequested: row.cancel_requested === 1,
    outcome: row.outcome,
    reason: row.reason,
    summary: row.summary === null ? null : (JSON.parse(row.summary) as unknown),
    submittedWallMs: row.submitted_ms,
    startedWallMs: row.started_ms,
    finishedWallMs: row.finished_ms,
  };
}
