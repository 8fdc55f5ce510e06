import type { WaitReason } from "../../contract/wait-reason.ts";
import type { QueueAttempt, QueuedRun, StoredDelivery, StoredQueueResult } from "../../lab/history/queue-store.ts";
import type { RunResultBody } from "../../lab/queue/run-result.ts";
import { apiStateOf } from "../../lab/queue/run-states.ts";

/** A run as the API gives it: agentevals' fields, and after them the lab's own. */
export function toWireRun(
  run: QueuedRun,
  more: {
    attempts?: readonly QueueAttempt[];
    deliveries?: readonly StoredDelivery[];
    waits?: WaitReason | null;
  } = {},
) {
  const { attempts, deliveries, waits } = more;
  const status = apiStateOf(run);
  return {
    runId: run.runId,
    status,
    spec: run.spec,
    attempt: run.attempt,
    workerId: run.worker,
    error: status === "failed" || status === "cancelled" ? run.reason : null,
    summary: run.summary,
    createdAt: timeOf(run.submittedWallMs),
    startedAt: timeOf(run.startedWallMs),
    finishedAt: timeOf(run.finishedWallMs),
    cancelRequested: run.cancelRequested,
    outcome: run.outcome,
    reason: run.reason,
    labels: run.labels,
    maxAttempts: run.maxAttempts,
    leaseLeftMs: run.leaseLeftMs,
    ...(waits === undefined ? {} : { waits }),
    ...(attempts === undefined ? {} : { attempts: attempts.map(toWireAttempt) }),
    ...(deliveries === undefined ? {} : { deliveries: deliveries.map(({ runId: _, ...delivery }) => delivery) }),
  };
}

function toWireAttempt({ attempt, worker, claimedWallMs, endedWallMs, ending, reason, historyRuns }: QueueAttempt) {
  return {
    attempt,
    workerId: worker,
    claimedAt: timeOf(claimedWallMs),
    endedAt: timeOf(endedWallMs),
    ending,
    reason,
    historyRuns,
  };
}

export function toWireResult({ resultId, runId, attempt, item, evaluator, body, createdWallMs }: StoredQueueResult) {
  const { evaluatorType, status, score, perInvocationScores, traceId, details, errorText, latencyMs } =
    body as RunResultBody;
  return {
    resultId,
    runId,
    attempt,
    evalSetItemId: item,
    evalSetItemName: item,
    evaluatorName: evaluator,
    evaluatorType,
    status,
    score,
    perInvocationScores,
    traceId,
    spanId: null,
    details,
    errorText,
    tokensUsed: null,
    latencyMs,
    createdAt: timeOf(createdWallMs),
  };
}

function timeOf(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}
