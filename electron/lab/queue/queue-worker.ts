import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { WaitReason } from "../../contract/wait-reason.ts";
import type { QueuedRun, QueueStore, QueueWorker } from "../history/queue-store.ts";
import { pauseFor } from "../pause-for.ts";
import { Attempt, type AttemptTimes, type Execute } from "./attempt.ts";
import { IdleSlots } from "./idle-slots.ts";

export const QUEUE_TIMES = { leaseMs: 30_000, heartbeatMs: 5_000, pollMs: 1_000 } as const;
/** A worker that reported within this time is there. */
export const WORKER_SEEN_MS = 3 * QUEUE_TIMES.heartbeatMs;
const POLL_LIMIT_MS = 30_000;
/** Runs that have ended and are kept; older ones are removed. Their records are the history's, which has its own limit. */
export const ENDED_RUNS_KEPT = 10_000;

export interface WorkerTimes extends AttemptTimes {
  pollMs: number;
  /** How often it reports that it is there; absent: with each heartbeat. */
  reportMs?: number;
}

export interface QueueWorkerParts {
  queue: QueueStore;
  labels: readonly string[];
  /** Takes now only runs that have one of these labels: those of the first before those of the next. Absent: all. */
  takes?: () => readonly string[];
  /** Why it takes no run now, for those who ask what theirs waits for. */
  pause?: () => WaitReason | null;
  /** One for each run that it carries out at a time. */
  executors: readonly Execute[];
  times?: WorkerTimes;
  /** Called whenever it has reported that it is there. */
  onReport?: () => Promise<void>;
  /** Called when an attempt has ended its run. */
  onEnded?: () => void;
  /** Called with errors of the queue; the worker goes on. */
  onFailure: (error: unknown) => void;
  /** Called when a run is claimed and when its attempt has ended. */
  onChange?: (change: { runId: string; attempt: number; is: "claimed" | "ended" }) => void;
}

/** Claims runs and carries them out, as many at a time as it has executors. */
export class QueueWorkerLoop {
  readonly #parts: QueueWorkerParts;
  readonly #times: WorkerTimes;
  readonly #name = `${hostname()}/${process.pid}-${randomBytes(3).toString("hex")}`;
  readonly #slots = new IdleSlots();
  /** In progress, by run. */
  readonly #attempts = new Map<string, Attempt>();

  constructor(parts: QueueWorkerParts) {
    this.#parts = parts;
    this.#times = parts.times ?? QUEUE_TIMES;
  }

  /** A run may be there to be claimed: an idle slot looks at once. */
  wake(): void {
    this.#slots.wake();
  }

  /** The same; resolves when a slot has become idle, and looks. */
  wakeWhenIdle(): Promise<void> {
    return this.#slots.wakeWhenIdle();
  }

  /** Stops a run at once that it carries out: what {@link QueueStore.cancel} asks for is only seen with the next heartbeat. */
  cancel(runId: string): void {
    this.#attempts.get(runId)?.cancel();
  }

  /** Tells that it is there, and whether it takes runs, before its turn. */
  async report(): Promise<void> {
    const { queue, labels, executors, pause } = this.#parts;
    await queue.reportWorker({ worker: this.#name, labels, concurrency: executors.length, pause: pause?.() ?? null });
  }

  /** Until the signal aborts; resolves when the runs in progress have been restored and given back. */
  async work(signal: AbortSignal): Promise<void> {
    const { queue, executors } = this.#parts;
    const loops = executors.map((execute, index) => this.#claimAndCarryOut(execute, this.#workerOf(index), signal));
    await Promise.all([...loops, this.#poll(signal), this.#keepInOrder(signal)]);
    await queue.forgetWorker(this.#name).catch(this.#parts.onFailure);
  }

  #workerOf(index: number): QueueWorker {
    return { worker: `${this.#name}/${index}`, labels: this.#parts.labels, concurrency: 1 };
  }

  async #claimAndCarryOut(execute: Execute, worker: QueueWorker, signal: AbortSignal): Promise<void> {
    const { onFailure, onChange } = this.#parts;
    let pauseMs = this.#times.pollMs;
    while (!signal.aborted) {
      this.#slots.looks();
      try {
        const run = await this.#claim(worker);
        pauseMs = this.#times.pollMs;
        if (run === undefined) await this.#slots.wait(signal);
        else {
          // Where one was there may be more.
          this.wake();
          const { runId, attempt } = run;
          onChange?.({ runId, attempt, is: "claimed" });
          await this.#carryOut(run, execute, signal).catch(onFailure);
          onChange?.({ runId, attempt, is: "ended" });
        }
      } catch (error) {
        onFailure(error);
        pauseMs = Math.min(pauseMs * 5, POLL_LIMIT_MS);
        await pauseFor(pauseMs, signal);
      }
    }
  }

  /** Leases end, and wake-ups are lost with their worker: one slot of all looks now and then. */
  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pauseFor(this.#times.pollMs, signal);
      this.wake();
    }
    this.#slots.end();
  }

  async #claim(worker: QueueWorker): Promise<QueuedRun | undefined> {
    const { queue, takes } = this.#parts;
    for (const label of takes?.() ?? [undefined]) {
      const wanted = label === undefined ? worker : { ...worker, only: label };
      const run = await queue.claim(wanted, this.#times.leaseMs);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  async #carryOut(run: QueuedRun, execute: Execute, signal: AbortSignal): Promise<void> {
    const attempt = new Attempt(run, this.#parts.queue, this.#times);
    this.#attempts.set(run.runId, attempt);
    try {
      const ending = await attempt.carryOut(execute, signal);
      if (ending !== undefined) this.#parts.onEnded?.();
    } finally {
      this.#attempts.delete(run.runId);
    }
  }

  /** Reports the worker, and ends what no worker will end. */
  async #keepInOrder(signal: AbortSignal): Promise<void> {
    const { queue, onFailure } = this.#parts;
    const { reportMs = this.#times.heartbeatMs } = this.#times;
    while (!signal.aborted) {
      try {
        await this.report();
        // After the machine slept their leases have ended, and nobody has taken them over.
        await Promise.all([...this.#attempts.values()].map((attempt) => attempt.renew()));
        await queue.reap();
        await queue.trim(ENDED_RUNS_KEPT);
        await this.#parts.onReport?.();
      } catch (error) {
        onFailure(error);
      }
      await pauseFor(reportMs, signal);
    }
  }
}
