import { isRunEnd } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { LabError, messageOf } from "../lab-error.ts";

/**
 * Events wait this long, or until so many wait, before one transaction writes them all. Windows get them afterwards, so this
 * is also the delay of a window.
 */
const WRITE_AFTER_MS = 16;
const WRITE_AT_ROWS = 512;
/** Maximum number of unanswered batches at the writer. Enough that it never waits for this thread. */
const IN_FLIGHT_LIMIT = 32;
const RETRY_AFTER_MS = 1_000;
/** Maximum number of events that wait while nothing can be written. Further ones are refused and counted. */
export const WAITING_LIMIT = 100_000;

/** Why waiting events are not durable. */
export interface WriteFailure {
  sinceWallMs: number;
  reason: string;
}

/** Durability of events, for the streams that send them. */
export interface Durability {
  /** Set from the first failed attempt to write until all events that waited then are written. */
  readonly failure: WriteFailure | undefined;
  /** Events that wait to be written, of all runs. */
  readonly waitingEvents: number;
  /** Events that were refused, since {@link WAITING_LIMIT} waited already. */
  readonly refusedEvents: number;
  /** The first event of the run that is not durable; undefined when all of them are. */
  firstUnsaved(runId: string): number | undefined;
  /** Calls the listener after each attempt to write, successful or not. @returns ends the subscription */
  onAttempt(listener: () => void): () => void;
}

/**
 * Writes a batch atomically, and resolves to the runs of it that another process has ended: nothing of those is written. After a batch has failed, all later ones of the same attempt must fail too, so that the order
 * of events is kept.
 */
export type WriteBatch = (batch: readonly LabEvent[], attempt: number) => Promise<readonly string[]>;

interface OpenRun {
  id: string;
  /** Number of the last event taken, and of the last durable one. */
  lastSeq: number;
  savedSeq: number;
  /** Refused events of the run. After the first one all are refused, so that the log has no gap. */
  refused: number;
  hasEnded: boolean;
  /** Another process has ended the run. */
  isTakenOver: boolean;
  /** Callers of {@link WriteQueue.add}, grouped by batch. */
  callers: Callers[];
}

interface Callers {
  upToSeq: number;
  isSent: boolean;
  promise: Promise<number>;
  resolve: (savedSeq: number) => void;
  reject: (error: unknown) => void;
}

interface Flush {
  /** Resolved when so many events have been written since the start. */
  events: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Queues events for a store, in their order. */
export class WriteQueue implements Durability {
  readonly #write: WriteBatch;
  readonly #wallMs: () => number;
  readonly #listeners = new Set<() => void>();
  readonly #runs = new Map<string, OpenRun>();
  readonly #flushes = new Set<Flush>();
  #pending: LabEvent[] = [];
  /** How many of the first pending events are at the writer, and in how many batches. */
  #sent = 0;
  #inFlight = 0;
  /** Pending events are to be sent as soon as a batch in flight is answered. */
  #isDue = false;
  #attempt = 0;
  #added = 0;
  #timer: NodeJS.Timeout | undefined;
  #failure: (WriteFailure & { untilWritten: number }) | undefined;
  #refused = 0;

  constructor(write: WriteBatch, wallMs: () => number) {
    this.#write = write;
    this.#wallMs = wallMs;
  }

  get failure(): WriteFailure | undefined {
    if (this.#failure === undefined) return undefined;
    const { sinceWallMs, reason } = this.#failure;
    const refused = this.#refused === 0 ? "" : `; ${this.#refused} events were dropped, since too many wait`;
    return { sinceWallMs, reason: `${reason}${refused}` };
  }

  get waitingEvents(): number {
    return this.#pending.length;
  }

  get refusedEvents(): number {
    return this.#refused;
  }

  firstUnsaved(runId: string): number | undefined {
    const run = this.#runs.get(runId);
    return run === undefined || run.savedSeq >= run.lastSeq ? undefined : run.savedSeq + 1;
  }

  onAttempt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Allows events of a run to be added, until its end. */
  open(runId: string): void {
    this.#runs.set(runId, {
      id: runId,
      lastSeq: 0,
      savedSeq: 0,
      refused: 0,
      hasEnded: false,
      isTakenOver: false,
      callers: [],
    });
  }

  /** Resolves to the number up to which the run is durable. Rejects when the event is refused. @throws LabError for a run that is not in progress */
  add(event: LabEvent): Promise<number> {
    if (isRunEnd(event)) throw new LabError("internal", "the end of a run must be passed to end()");
    const run = this.#open(event.runId);
    if (run.isTakenOver) return rejected(takenOver(event.runId));
    if (run.refused > 0 || this.#pending.length >= WAITING_LIMIT) return this.#refuse(run);
    this.#take(event, run);
    if (this.#pending.length - this.#sent >= WRITE_AT_ROWS && this.#failure === undefined) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), WRITE_AFTER_MS).unref();
    const callers = run.callers.at(-1);
    if (callers === undefined || callers.isSent) return newCallers(run, event.seq).promise;
    callers.upToSeq = event.seq;
    return callers.promise;
  }

  /** Takes the run's last event. Resolves once it is durable; rejects when it cannot be written now, or events were refused. */
  async end(event: LabEvent & { type: "run.ended" }): Promise<number> {
    const run = this.#open(event.runId);
    run.hasEnded = true;
    if (run.refused === 0) {
      if (!run.isTakenOver) this.#take(event, run);
      await this.flush();
      if (!run.isTakenOver) return event.seq;
      this.#runs.delete(event.runId);
      throw takenOver(event.runId);
    }
    const reason = `${run.refused} events of this run were dropped: ${this.#failure?.reason ?? "too many waited to be written"}`;
    // Renumbered so that the log has no gap, and with an outcome that shows the loss.
    this.#take({ ...event, seq: run.lastSeq + 1, outcome: "error", reason }, run);
    await this.flush();
    throw new LabError("internal", reason, { hint: "make space, and run it again" });
  }

  /** Unwritten events of a run, in their order, without its end, which is only sent once it is durable. */
  waiting(runId: string, afterSeq: number): LabEvent[] {
    if (this.firstUnsaved(runId) === undefined) return [];
    return this.#pending.filter((event) => event.runId === runId && event.seq > afterSeq && !isRunEnd(event));
  }

  /** Resolves when all added events are durable. Rejects when an attempt to write has failed; writing is retried. */
  flush(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.add({ events: this.#added, resolve, reject });
    this.#send();
    return promise;
  }

  /** Stops the timer, and with it further attempts. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #open(runId: string): OpenRun {
    const run = this.#runs.get(runId);
    if (run === undefined || run.hasEnded) throw new LabError("internal", `run ${runId} is not in progress`);
    return run;
  }

  #take(event: LabEvent, run: OpenRun): void {
    if (run.lastSeq === 0) run.savedSeq = event.seq - 1;
    run.lastSeq = event.seq;
    this.#pending.push(event);
    this.#added++;
  }

  #refuse(run: OpenRun): Promise<number> {
    run.refused++;
    this.#refused++;
    return rejected(new LabError("busy", `${WAITING_LIMIT} events wait to be written; no more are accepted`));
  }

  /** Sends pending events to the writer, up to its limit. */
  #send(): void {
    this.stop();
    // After a failure one batch at a time is enough to test whether writing works again.
    const limit = this.#failure === undefined ? IN_FLIGHT_LIMIT : 1;
    while (this.#sent < this.#pending.length && this.#inFlight < limit) {
      const batch = this.#pending.slice(this.#sent, this.#sent + WRITE_AT_ROWS);
      const attempt = this.#attempt;
      this.#sent += batch.length;
      this.#inFlight++;
      for (const run of this.#runsOf(batch)) for (const callers of run.callers) callers.isSent = true;
      this.#write(batch, attempt).then(
        (takenOver) => this.#written(batch, attempt, takenOver),
        (error: unknown) => this.#failed(error, attempt),
      );
    }
    this.#isDue = this.#sent < this.#pending.length;
  }

  #written(batch: readonly LabEvent[], attempt: number, takenOver: readonly string[]): void {
    if (attempt !== this.#attempt) return;
    this.#inFlight--;
    this.#sent -= batch.length;
    this.#pending.splice(0, batch.length);
    const runs = this.#runsOf(batch);
    for (const event of batch) {
      const { runId, seq } = event;
      const run = this.#runs.get(runId);
      if (run === undefined) continue;
      if (takenOver.includes(runId)) run.isTakenOver = true;
      run.savedSeq = seq;
      if (isRunEnd(event) && !run.isTakenOver) this.#runs.delete(runId);
    }
    const written = this.#added - this.#pending.length;
    if (this.#failure !== undefined && written >= this.#failure.untilWritten) this.#failure = undefined;
    for (const run of runs) answer(run);
    for (const flush of this.#flushes) {
      if (written < flush.events) continue;
      this.#flushes.delete(flush);
      flush.resolve();
    }
    if (this.#isDue || this.#failure !== undefined) this.#send();
    this.#notify();
  }

  #runsOf(batch: readonly LabEvent[]): OpenRun[] {
    return [...new Set(batch.map(({ runId }) => runId))].flatMap((runId) => this.#runs.get(runId) ?? []);
  }

  /** A failed write does not stop the run: events wait, and the end of the run reports it. */
  #failed(error: unknown, attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    this.#inFlight = 0;
    this.#sent = 0;
    this.#isDue = false;
    const sinceWallMs = this.#failure?.sinceWallMs ?? this.#wallMs();
    this.#failure = { sinceWallMs, reason: messageOf(error), untilWritten: this.#added };
    this.stop();
    this.#timer = setTimeout(() => this.#send(), RETRY_AFTER_MS).unref();
    const flushes = [...this.#flushes];
    this.#flushes.clear();
    for (const { reject } of flushes) reject(error);
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function newCallers(run: OpenRun, upToSeq: number): Callers {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const callers = { upToSeq, isSent: false, promise, resolve, reject };
  run.callers.push(callers);
  return callers;
}

function answer(run: OpenRun): void {
  const answered = run.callers.filter(({ upToSeq }) => upToSeq <= run.savedSeq);
  run.callers = run.callers.slice(answered.length);
  for (const { promise, resolve, reject } of answered) {
    if (!run.isTakenOver) resolve(run.savedSeq);
    else {
      promise.catch(() => {});
      reject(takenOver(run.id));
    }
  }
}

/** Callers that ignore this promise get the error at the end of the run. */
function rejected(error: LabError): Promise<never> {
  const refused = Promise.reject(error);
  refused.catch(() => {});
  return refused;
}

function takenOver(runId: string): LabError {
  return new LabError("busy", `run ${runId} was ended by another process, which took it for lost`, {
    hint: "see the later attempts of the run",
  });
}
