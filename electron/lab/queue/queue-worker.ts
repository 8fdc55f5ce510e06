import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { QueuedRun, QueueStore, QueueWorker } from "../history/queue-store.ts";
import { Attempt, type AttemptEnding, type AttemptTimes, type Execute } from "./attempt.ts";

export const QUEUE_TIMES = { leaseMs: 30_000, heartbeatMs: 5_000, pollMs: 1_000 } as const;
const POLL_LIMIT_MS = 30_000;

export interface QueueWorkerParts {
  queue: QueueStore;
  labels: readonly string[];
  /** One for each run that it carries out at a time. */
  executors: readonly Execute[];
  times?: AttemptTimes & { pollMs: number };
  /** Called when an attempt has ended its run, before the next is claimed. */
  onEnded?: (run: QueuedRun, ending: AttemptEnding) => Promise<void>;
  /** Called with errors of the queue; the worker goes on. */
  onFailure: (error: unknown) => void;
  /** Called when a run is claimed and when its attempt has ended. */
  onChange?: (change: { runId: string; attempt: number; is: "claimed" | "ended" }) => void;
}

/** Claims runs and carries them out, as many at a time as it has executors. */
export class QueueWorkerLoop {
  readonly #parts: QueueWorkerParts;
  readonly #times: AttemptTimes & { pollMs: number };
  readonly #name = `${hostname()}/${process.pid}-${randomBytes(3).toString("hex")}`;
  /** Aborted by a wake-up: a poll that waits begins at once. */
  #nap = new AbortController();

  constructor(parts: QueueWorkerParts) {
    this.#parts = parts;
    this.#times = parts.times ?? QUEUE_TIMES;
  }

  /** Runs may be there to be claimed: does not wait for the next poll. */
  wake(): void {
    this.#nap.abort();
    this.#nap = new AbortController();
  }

  /** Until the signal aborts; resolves when the runs in progress have been restored and given back. */
  async work(signal: AbortSignal): Promise<void> {
    const { queue, executors } = this.#parts;
    const loops = executors.map((execute, index) => this.#claimAndCarryOut(execute, this.#workerOf(index), signal));
    await Promise.all([...loops, this.#keepInOrder(signal)]);
    await queue.forgetWorker(this.#name).catch(this.#parts.onFailure);
  }

  #workerOf(index: number): QueueWorker {
    return { worker: `${this.#name}/${index}`, labels: this.#parts.labels, concurrency: 1 };
  }

  async #claimAndCarryOut(execute: Execute, worker: QueueWorker, signal: AbortSignal): Promise<void> {
    const { queue, onFailure, onChange } = this.#parts;
    let pauseMs = this.#times.pollMs;
    while (!signal.aborted) {
      try {
        const run = await queue.claim(worker, this.#times.leaseMs);
        pauseMs = this.#times.pollMs;
        if (run !== undefined) {
          const { runId, attempt } = run;
          onChange?.({ runId, attempt, is: "claimed" });
          await this.#carryOut(run, execute, signal).catch(onFailure);
          onChange?.({ runId, attempt, is: "ended" });
          continue;
        }
      } catch (error) {
        onFailure(error);
        pauseMs = Math.min(pauseMs * 5, POLL_LIMIT_MS);
      }
      await this.#pause(pauseMs, signal);
    }
  }

  async #carryOut(run: QueuedRun, execute: Execute, signal: AbortSignal): Promise<void> {
    const ending = await new Attempt(run, this.#parts.queue, this.#times).carryOut(execute, signal);
    if (ending !== undefined) await this.#parts.onEnded?.(run, ending);
  }

  /** Reports the worker, and ends what no worker will end. */
  async #keepInOrder(signal: AbortSignal): Promise<void> {
    const { queue, labels, executors, onFailure } = this.#parts;
    while (!signal.aborted) {
      try {
        await queue.reportWorker({ worker: this.#name, labels, concurrency: executors.length });
        await queue.reap();
      } catch (error) {
        onFailure(error);
      }
      await this.#pause(this.#times.heartbeatMs, signal);
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    const nap = this.#nap.signal;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        nap.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      if (signal.aborted) return end();
      signal.addEventListener("abort", end, { once: true });
      nap.addEventListener("abort", end, { once: true });
    });
  }
}
