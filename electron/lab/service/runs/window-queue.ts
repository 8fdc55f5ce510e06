import type { QueueEntry } from "../../../contract/runs.ts";
import type { WaitReason } from "../../../contract/wait-reason.ts";
import type { QueuedRun, QueueStore } from "../../history/queue-store.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import type { Execute } from "../../queue/attempt.ts";
import type { OpenLabLabels } from "../../queue/open-lab.ts";
import { QUEUE_TIMES, QueueWorkerLoop } from "../../queue/queue-worker.ts";
import { submitRun } from "../../queue/submit-run.ts";
import type { RunEntries } from "./run-entries.ts";

/** A cancellation from a terminal is seen with the next heartbeat. */
const TIMES = { ...QUEUE_TIMES, heartbeatMs: 1_000, reportMs: QUEUE_TIMES.heartbeatMs };
const LISTED = 1_000;
/** A person may leave a paced run waiting. */
const DEADLINE_S = 86_400;

const CANCELLED = { outcome: "cancelled", reason: "cancelled before it started", summary: null } as const;

export interface QueuePause {
  reason: WaitReason;
  /** Runs that take the stack as they find it begin all the same. */
  isOfStack: boolean;
}

export interface WindowQueueParts {
  open: () => Promise<QueueStore>;
  /** Calls the listener when another process may have changed the queue. */
  onStoreChange: (listener: () => void) => (() => void) | undefined;
  labels: OpenLabLabels;
  entries: RunEntries;
  /** What no run begins for now. */
  pause: () => QueuePause | null;
  execute: Execute;
  onChange: () => void;
  notify: (notice: string) => void;
}

/** The queue of submitted runs, as the lab with a window uses it: a worker for the stack that it has open. */
export class WindowQueue {
  readonly #parts: WindowQueueParts;
  readonly #stop = new AbortController();
  #opening: Promise<{ queue: QueueStore; worker: QueueWorkerLoop; working: Promise<void> }> | undefined;
  /** Runs whose rows are being written. */
  readonly #writing = new Set<string>();
  /** The last problem that was reported, so that a database which stays away is reported once. */
  #reported = "";

  constructor(parts: WindowQueueParts) {
    this.#parts = parts;
  }

  /** Opens the database and begins to carry out runs; what cannot be opened is tried again with the next call. */
  async opened(): Promise<QueueStore> {
    return (await this.#open()).queue;
  }

  /** Submits runs whose entries are shown already. @throws LabError when they cannot be kept: those that are not have ended then */
  async submit(runs: readonly { entry: QueueEntry; spec: () => object }[]): Promise<void> {
    const { entries } = this.#parts;
    const unwritten = runs.map(({ entry }) => entry);
    try {
      const { worker } = await this.#open();
      for (const { entry, spec } of runs) {
        if (entries.find(entry.entryId) !== undefined) await this.#write(entry.entryId, spec());
        unwritten.shift();
        worker.wake();
      }
    } catch (error) {
      for (const entry of unwritten) {
        if (entry.state === "queued") entries.end(entry, "error", `it could not be queued: ${messageOf(error)}`);
      }
      throw error;
    }
  }

  /** A cancellation that comes before the row is there finds none to cancel. */
  async #write(runId: string, spec: object): Promise<void> {
    const { queue, worker } = await this.#open();
    this.#writing.add(runId);
    try {
      await submitRun(queue, { runId, spec: { ...spec, deadlineS: DEADLINE_S } });
      if (this.#parts.entries.find(runId) === undefined) {
        await queue.cancel(runId);
        worker.cancel(runId);
      }
    } finally {
      this.#writing.delete(runId);
    }
  }

  /** @throws LabError for a run that is not in the queue */
  async cancel(entryId: string): Promise<void> {
    const { active } = this.#parts.entries.state();
    const wanted = active.filter((entry) => entryId === "all" || entry.entryId === entryId);
    if (wanted.length === 0 && entryId !== "all") {
      throw new LabError("bad-input", "that run is not in the queue", { hint: "it may have ended meanwhile" });
    }
    // Those that wait first: none of them begins because the one before has ended.
    await Promise.all(wanted.reverse().map((entry) => this.#cancel(entry.entryId)));
  }

  async #cancel(entryId: string): Promise<void> {
    const { entries } = this.#parts;
    const entry = entries.find(entryId);
    if (entry === undefined) return;
    if (entry.state === "queued") entries.end(entry, CANCELLED.outcome, CANCELLED.reason);
    else entry.cancelling = true;
    const { queue, worker } = await this.#open();
    worker.cancel(entryId);
    await queue.cancel(entryId).catch((error: unknown) => this.#report(error));
    worker.cancel(entryId);
  }

  /** What runs wait for may be another than before. */
  async pauseChanged(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    opened?.worker.wake();
    await opened?.worker.report().catch((error: unknown) => this.#report(error));
  }

  async continueLeft(): Promise<void> {
    const { labels, entries } = this.#parts;
    const { queue, worker } = await this.#open();
    for (const run of await this.#left(queue)) {
      if (await queue.relabel(run.runId, [labels.window])) entries.adopt(run, "window");
    }
    await this.countLeft();
    worker.wake();
  }

  async cancelLeft(): Promise<void> {
    const { queue } = await this.#open();
    for (const { runId } of await this.#left(queue)) await queue.cancel(runId);
    await this.countLeft();
  }

  async countLeft(): Promise<void> {
    await this.#left((await this.#open()).queue);
    this.#parts.onChange();
  }

  /** The run in progress is restored and given back. */
  async close(): Promise<void> {
    const opening = this.#opening;
    this.#stop.abort();
    const opened = await opening?.catch(() => undefined);
    await opened?.working;
    await opened?.queue.close();
  }

  #open() {
    if (this.#stop.signal.aborted) return Promise.reject(new LabError("busy", "the lab is ending"));
    const opening = this.#opening ?? this.#begin();
    this.#opening = opening;
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  async #begin() {
    const { open, onStoreChange, labels, pause, execute, onChange } = this.#parts;
    const queue = await open();
    const worker = new QueueWorkerLoop({
      queue,
      labels: [labels.window, labels.terminal, labels.accepting],
      takes: () => {
        const paused = pause();
        if (paused !== null) return paused.isOfStack ? [labels.accepting] : [];
        return [labels.window, labels.terminal, labels.accepting];
      },
      pause: () => pause()?.reason ?? null,
      executors: [
        async (run, context) => {
          void this.#readTerminalRuns(queue);
          const isCancelled = this.#writing.has(run.runId) && this.#parts.entries.find(run.runId) === undefined;
          return isCancelled ? CANCELLED : execute(run, context);
        },
      ],
      times: TIMES,
      onFailure: (error) => this.#report(error),
      onReport: () => this.#readTerminalRuns(queue),
    });
    await this.#releaseLeft(queue);
    if (this.#parts.entries.left > 0) onChange();
    const stopWatching = onStoreChange(() => worker.wake());
    return { queue, worker, working: worker.work(this.#stop.signal).finally(() => stopWatching?.()) };
  }

  /** What terminals have done to the queue. */
  async #readTerminalRuns(queue: QueueStore): Promise<void> {
    const { labels, entries } = this.#parts;
    try {
      const open = await queue.list({ states: ["queued"], labelled: labels.terminal, limit: LISTED });
      for (const run of open.reverse()) entries.adopt(run, "terminal");
      for (const entry of entries.queued.filter(({ from }) => from === "terminal")) {
        if (open.some(({ runId }) => runId === entry.entryId)) continue;
        const run = await queue.get(entry.entryId);
        if (run?.state === "ended") entries.end(entry, run.outcome ?? "error", run.reason ?? "");
      }
    } catch (error) {
      this.#report(error);
    }
  }

  /** Who has the lock of the data folder knows that an earlier lab is dead: its runs need not wait for their leases to end. */
  async #releaseLeft(queue: QueueStore): Promise<void> {
    const killed = (await this.#left(queue)).filter(({ state }) => state === "running");
    for (const { runId, attempt, worker } of killed) {
      await queue.release({ runId, attempt, worker: worker ?? "" }, "the lab that carried it out was killed");
    }
    // Those that had one attempt have ended.
    if (killed.length > 0) await this.#left(queue);
  }

  /** Of earlier openings of this lab, oldest first. */
  async #left(queue: QueueStore): Promise<QueuedRun[]> {
    const { prefix, window } = this.#parts.labels;
    const filter = { states: ["queued", "running"], labelled: prefix, notLabelled: window, limit: LISTED } as const;
    const left = (await queue.list(filter)).filter(({ cancelRequested }) => !cancelRequested);
    this.#parts.entries.left = left.length;
    return left.reverse();
  }

  #report(error: unknown): void {
    const problem = messageOf(error);
    if (problem === this.#reported || this.#stop.signal.aborted) return;
    this.#reported = problem;
    this.#parts.notify(`the queue of runs cannot be used: ${problem}`);
  }
}
