import { thisProcess } from "../process-identity.ts";
import type { StoreLocation } from "./history-threads.ts";
import type {
  EndedRun,
  Lease,
  QueueAttempt,
  QueueClaim,
  QueuedRun,
  QueueFilter,
  QueueResult,
  QueueState,
  QueueStore,
  ReportedWorker,
  StoredQueueResult,
} from "./queue-store.ts";
import type { SqlQueue } from "./sql-queue.ts";
import { WorkerClient } from "./worker-client.ts";

/** The queue beside the runs at this location, on a thread of its own. @throws LabError when it cannot be opened */
export async function openQueueStore(location: StoreLocation): Promise<QueueStore> {
  const queue = new ThreadedQueue(new WorkerClient<SqlQueue>({ role: "queue", location, owner: thisProcess }));
  try {
    await queue.counts();
    return queue;
  } catch (error) {
    await queue.close();
    throw error;
  }
}

/**
 * Until the signal aborts: calls back for each run that another process has submitted, or given back, and that a worker with
 * these labels can carry out. A queue in a file tells nothing.
 */
export async function listenForRuns(
  location: StoreLocation,
  labels: readonly string[],
  onWakeUp: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (location.kind === "sqlite") return;
  const { listenForWakeUps } = await import("./postgres/dispatch.ts");
  await listenForWakeUps(location, labels, onWakeUp, signal);
}

class ThreadedQueue implements QueueStore {
  readonly #thread: WorkerClient<SqlQueue>;

  constructor(thread: WorkerClient<SqlQueue>) {
    this.#thread = thread;
  }

  submit(...given: Parameters<QueueStore["submit"]>): ReturnType<QueueStore["submit"]> {
    return this.#thread.call("submit", ...given);
  }
  record(...given: Parameters<QueueStore["record"]>): Promise<boolean> {
    return this.#thread.call("record", ...given);
  }
  claim(worker: QueueClaim, leaseMs: number): Promise<QueuedRun | undefined> {
    return this.#thread.call("claim", worker, leaseMs);
  }
  heartbeat(lease: Lease, leaseMs: number): Promise<"held" | "cancel" | "lost"> {
    return this.#thread.call("heartbeat", lease, leaseMs);
  }
  addHistoryRun(lease: Lease, historyRun: string): Promise<boolean> {
    return this.#thread.call("addHistoryRun", lease, historyRun);
  }
  putResults(lease: Lease, results: readonly QueueResult[]): Promise<boolean> {
    return this.#thread.call("putResults", lease, results);
  }
  finish(lease: Lease, ending: Parameters<QueueStore["finish"]>[1]): Promise<boolean> {
    return this.#thread.call("finish", lease, ending);
  }
  release(lease: Lease, reason: string): Promise<boolean> {
    return this.#thread.call("release", lease, reason);
  }
  relabel(runId: string, labels: readonly string[]): Promise<boolean> {
    return this.#thread.call("relabel", runId, labels);
  }
  cancel(runId: string): Promise<QueuedRun | undefined> {
    return this.#thread.call("cancel", runId);
  }
  reap(): Promise<QueuedRun[]> {
    return this.#thread.call("reap");
  }
  get(runId: string): Promise<QueuedRun | undefined> {
    return this.#thread.call("get", runId);
  }
  list(filter: QueueFilter): Promise<QueuedRun[]> {
    return this.#thread.call("list", filter);
  }
  counts(): Promise<Record<QueueState, number>> {
    return this.#thread.call("counts");
  }
  attempts(runId: string): Promise<QueueAttempt[]> {
    return this.#thread.call("attempts", runId);
  }
  attemptOf(historyRun: string): ReturnType<QueueStore["attemptOf"]> {
    return this.#thread.call("attemptOf", historyRun);
  }
  results(runId: string): Promise<StoredQueueResult[]> {
    return this.#thread.call("results", runId);
  }
  takeDelivery(...given: Parameters<QueueStore["takeDelivery"]>): ReturnType<QueueStore["takeDelivery"]> {
    return this.#thread.call("takeDelivery", ...given);
  }
  endDelivery(...given: Parameters<QueueStore["endDelivery"]>): Promise<boolean> {
    return this.#thread.call("endDelivery", ...given);
  }
  deliveries(runId: string): ReturnType<QueueStore["deliveries"]> {
    return this.#thread.call("deliveries", runId);
  }
  endedRuns(after: number, limit: number): Promise<EndedRun[]> {
    return this.#thread.call("endedRuns", after, limit);
  }
  endedRun(runId: string): Promise<EndedRun | undefined> {
    return this.#thread.call("endedRun", runId);
  }
  addEndedRun(run: EndedRun): Promise<boolean> {
    return this.#thread.call("addEndedRun", run);
  }
  reportWorker(worker: ReportedWorker): Promise<void> {
    return this.#thread.call("reportWorker", worker);
  }
  forgetWorker(worker: string): Promise<void> {
    return this.#thread.call("forgetWorker", worker);
  }
  trim(limit: number): Promise<number> {
    return this.#thread.call("trim", limit);
  }
  workers(withinMs: number): Promise<ReportedWorker[]> {
    return this.#thread.call("workers", withinMs);
  }
  close(): Promise<void> {
    return this.#thread.close();
  }
}
