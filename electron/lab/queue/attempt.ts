import type { Outcome } from "../../model/outcomes.ts";
import { isAbortOf } from "../abort-scope.ts";
import type { Lease, QueuedRun, QueueResult, QueueStore } from "../history/queue-store.ts";
import { StoreUnreachable } from "../history/worker-protocol.ts";
import { asLabError, messageOf } from "../lab-error.ts";
import { pauseFor } from "../pause-for.ts";
import type { RunSummary } from "./run-result.ts";

export interface AttemptEnding {
  outcome: Outcome;
  reason: string;
  summary: RunSummary | null;
}

/** What carries out an attempt may do with the queue. */
export interface AttemptContext {
  signal: AbortSignal;
  putResults(results: readonly QueueResult[]): Promise<void>;
  addHistoryRun(runId: string): Promise<void>;
}

export type Execute = (run: QueuedRun, context: AttemptContext) => Promise<AttemptEnding>;

export interface AttemptTimes {
  leaseMs: number;
  heartbeatMs: number;
}

/** Why an attempt is stopped before its end. */
export type Stop = "cancelled" | "lost" | "deadline" | "worker stopped";

class Stopped extends Error {
  readonly why: Stop;

  constructor(why: Stop) {
    super(STOP_TEXTS[why]);
    this.why = why;
  }
}

const STOP_TEXTS: { readonly [Each in Stop]: string } = {
  cancelled: "cancelled by request",
  lost: "the lease was lost",
  deadline: "deadline_exceeded",
  "worker stopped": "its worker stopped",
};

/** Why the signal of an attempt has aborted; undefined when it has not. */
export function stoppedBy(signal: AbortSignal): Stop | undefined {
  return signal.reason instanceof Stopped ? signal.reason.why : undefined;
}

/** Whether it is said of a run as it ended, also when it was stopped. */
export function endsBadly(outcome: Outcome): boolean {
  return outcome === "residue" || outcome === "error";
}

/** Endings of what was stopped; others came to their end by themselves. */
const CUT_SHORT: readonly Outcome[] = ["cancelled", "error", "interrupted"];
const RETRY_MS = 1_000;

/**
 * Carries out one attempt of a claimed run: renews its lease, stops it when it is cancelled, its lease is lost, its
 * deadline has passed or its worker stops, and records its end. While the database is away the attempt goes on for as long
 * as its lease lasts; its end is recorded when the database is back.
 */
export class Attempt {
  readonly #run: QueuedRun;
  readonly #lease: Lease;
  readonly #queue: QueueStore;
  readonly #times: AttemptTimes;
  readonly #abort = new AbortController();
  #renewedMs = performance.now();
  #workerStops: AbortSignal | undefined;

  constructor(run: QueuedRun, queue: QueueStore, times: AttemptTimes) {
    this.#run = run;
    this.#lease = { runId: run.runId, attempt: run.attempt, worker: run.worker ?? "" };
    this.#queue = queue;
    this.#times = times;
  }

  /**
   * Resolves when the attempt has ended, and all that it broke is restored: to the ending of the run, or undefined when the
   * attempt did not end it.
   */
  async carryOut(execute: Execute, workerStops: AbortSignal): Promise<AttemptEnding | undefined> {
    this.#workerStops = workerStops;
    const onStop = () => this.#stop("worker stopped");
    if (workerStops.aborted) onStop();
    workerStops.addEventListener("abort", onStop, { once: true });
    const deadline = setTimeout(() => this.#stop("deadline"), this.#run.deadlineMs);
    const over = new AbortController();
    const renewing = this.#renewUntil(over.signal);
    try {
      const ending = await this.#ending(execute);
      clearTimeout(deadline);
      return ending instanceof StoreUnreachable ? await this.#giveBack(ending) : await this.#record(ending);
    } finally {
      clearTimeout(deadline);
      workerStops.removeEventListener("abort", onStop);
      over.abort();
      await renewing;
    }
  }

  /** Stops it at once; what it broke is restored, and the run ends as cancelled. */
  cancel(): void {
    this.#stop("cancelled");
  }

  /** Prolongs the lease before its turn. */
  renew(): Promise<void> {
    return this.#renewOnce();
  }

  /** The database was away when the attempt needed it: that says nothing about the run. */
  async #ending(execute: Execute): Promise<AttemptEnding | StoreUnreachable> {
    const context: AttemptContext = {
      signal: this.#abort.signal,
      putResults: async (results) =>
        this.#assertHeld(await this.#persist(() => this.#queue.putResults(this.#lease, results))),
      addHistoryRun: async (id) =>
        this.#assertHeld(await this.#persist(() => this.#queue.addHistoryRun(this.#lease, id))),
    };
    try {
      return await execute(this.#run, context);
    } catch (error) {
      if (error instanceof StoreUnreachable) return error;
      if (isAbortOf(this.#abort.signal, error))
        return { outcome: "cancelled", reason: messageOf(error), summary: null };
      const { hint } = asLabError(error);
      const reason = `${messageOf(error)}${hint === undefined ? "" : ` (${hint})`}`;
      return { outcome: "error", reason, summary: null };
    }
  }

  #assertHeld(isHeld: boolean): void {
    if (isHeld) return;
    this.#stop("lost");
    throw this.#abort.signal.reason;
  }

  async #giveBack({ message }: Error): Promise<undefined> {
    if (!this.#isLost) await this.#persist(() => this.#queue.release(this.#lease, message));
    return undefined;
  }

  async #record(ending: AttemptEnding): Promise<AttemptEnding | undefined> {
    const stopped = this.#abort.signal.reason as Stopped | undefined;
    if (stopped?.why === "lost") return undefined;
    if (stopped?.why === "worker stopped" && CUT_SHORT.includes(ending.outcome)) {
      await this.#persist(() => this.#queue.release(this.#lease, stopped.message));
      return undefined;
    }
    const recorded = this.#asStopped(ending, stopped);
    return (await this.#persist(() => this.#queue.finish(this.#lease, recorded))) ? recorded : undefined;
  }

  /** What was not restored, or failed after the stop, is said even of a run that was stopped. */
  #asStopped(ending: AttemptEnding, stopped: Stopped | undefined): AttemptEnding {
    if (stopped === undefined || stopped.why === "worker stopped" || ending.outcome === "residue") return ending;
    const isFailure = ending.outcome === "error";
    if (stopped.why === "cancelled") {
      return isFailure ? ending : { ...ending, outcome: "cancelled", reason: stopped.message };
    }
    const reason = isFailure ? `${stopped.message}; ${ending.reason}` : stopped.message;
    return { ...ending, outcome: "error", reason };
  }

  /** Tries until the database answers, the lease is known to be lost, or the worker has stopped. */
  async #persist(write: () => Promise<boolean>): Promise<boolean> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (asLabError(error).code === "bad-input" || this.#isLost || this.#workerStops?.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  get #isLost(): boolean {
    return (this.#abort.signal.reason as Stopped | undefined)?.why === "lost";
  }

  /** By this process's monotonic clock: only how long ago the database last answered matters, not its time of day. */
  async #renewUntil(over: AbortSignal): Promise<void> {
    for (;;) {
      await pauseFor(this.#times.heartbeatMs, over);
      if (over.aborted) return;
      await this.#renewOnce(over);
    }
  }

  async #renewOnce(over?: AbortSignal): Promise<void> {
    const askedMs = performance.now();
    const answer = await this.#queue.heartbeat(this.#lease, this.#times.leaseMs).catch(() => undefined);
    if (over?.aborted) return;
    if (answer !== undefined) this.#renewedMs = askedMs;
    if (answer === "cancel") this.#stop("cancelled");
    if (answer === "lost" || performance.now() - this.#renewedMs > this.#times.leaseMs) this.#stop("lost");
  }

  #stop(why: Stop): void {
    this.#abort.abort(new Stopped(why));
  }
}
