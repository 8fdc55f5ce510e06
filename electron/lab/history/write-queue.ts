import { isRunEnd } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { LabError, messageOf } from "../lab-error.ts";

/**
 * Events wait this long, or until so many wait, before one transaction writes them all. Windows are told of them after
 * it, so this is also how far a window is behind.
 */
const WRITE_AFTER_MS = 16;
const WRITE_AT_ROWS = 512;
/** Batches given to the writer and not yet answered. Enough that it never waits for this thread. */
const IN_FLIGHT_LIMIT = 32;
const RETRY_AFTER_MS = 1_000;
/** Events kept while nothing can be written. What comes after them is refused and counted. */
export const WAITING_LIMIT = 100_000;

/** Why what waits is not durable. */
export interface WriteTrouble {
  sinceWallMs: number;
  reason: string;
}

/** What whoever tells of events needs to know of their being durable. */
export interface Durability {
  /** Set from the first attempt to write that has failed until all that waited then is written. */
  readonly trouble: WriteTrouble | undefined;
  /** Events that wait to be written, of all runs. */
  readonly waitingEvents: number;
  /** Events that were not kept, since {@link WAITING_LIMIT} waited already. */
  readonly refusedEvents: number;
  /** The first event of the run that is not durable; undefined when all of them are. */
  firstUnsaved(runId: string): number | undefined;
  /** Told after each attempt to write, whatever became of it. Ends when the returned function is called. */
  onAttempt(listener: () => void): () => void;
}

/**
 * Writes a batch, all of it or nothing. After a batch has failed all others of the same attempt must fail too, else
 * events would be written before those that they follow.
 */
export type WriteBatch = (batch: readonly LabEvent[], attempt: number) => Promise<void>;

interface OpenRun {
  /** Of the last event that was taken, and of the last that is durable. */
  lastSeq: number;
  savedSeq: number;
  /** Events of it that were refused. After the first all are, so that what is kept has no gap. */
  refused: number;
  hasEnded: boolean;
  /** Callers of {@link WriteQueue.add}, those of one batch together. */
  callers: Callers[];
}

interface Callers {
  upToSeq: number;
  isSent: boolean;
  promise: Promise<number>;
  resolve: (savedSeq: number) => void;
}

interface Flush {
  /** Resolved when so many events were written since the start. */
  events: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Events on their way to a store, in their order. */
export class WriteQueue implements Durability {
  readonly #write: WriteBatch;
  readonly #wallMs: () => number;
  readonly #listeners = new Set<() => void>();
  readonly #runs = new Map<string, OpenRun>();
  readonly #flushes = new Set<Flush>();
  #pending: LabEvent[] = [];
  /** Of the pending events, the first so many are with the writer, in so many batches. */
  #sent = 0;
  #inFlight = 0;
  /** What is pending is to be sent as soon as a batch in flight is answered. */
  #isDue = false;
  #attempt = 0;
  #added = 0;
  #timer: NodeJS.Timeout | undefined;
  #trouble: (WriteTrouble & { untilWritten: number }) | undefined;
  #refused = 0;

  constructor(write: WriteBatch, wallMs: () => number) {
    this.#write = write;
    this.#wallMs = wallMs;
  }

  get trouble(): WriteTrouble | undefined {
    if (this.#trouble === undefined) return undefined;
    const { sinceWallMs, reason } = this.#trouble;
    const refused = this.#refused === 0 ? "" : `; ${this.#refused} events were not kept, since too many wait`;
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

  /** Events of this run may be added from now on, until its end is. */
  open(runId: string): void {
    this.#runs.set(runId, { lastSeq: 0, savedSeq: 0, refused: 0, hasEnded: false, callers: [] });
  }

  /** Resolves with the number up to which the run is durable. Rejects when the event is refused. @throws LabError, see above */
  add(event: LabEvent): Promise<number> {
    if (isRunEnd(event)) throw new LabError("internal", "the end of a run was given as one of its events");
    const run = this.#open(event.runId);
    if (run.refused > 0 || this.#pending.length >= WAITING_LIMIT) return this.#refuse(run);
    this.#take(event, run);
    if (this.#pending.length - this.#sent >= WRITE_AT_ROWS && this.#trouble === undefined) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), WRITE_AFTER_MS).unref();
    const callers = run.callers.at(-1);
    if (callers === undefined || callers.isSent) return newCallers(run, event.seq).promise;
    callers.upToSeq = event.seq;
    return callers.promise;
  }

  /** The run's last event. Resolves once it is durable; rejects when it cannot be now, or events of the run were refused. */
  async end(event: LabEvent & { type: "run.ended" }): Promise<number> {
    const run = this.#open(event.runId);
    run.hasEnded = true;
    if (run.refused === 0) {
      this.#take(event, run);
      await this.flush();
      return event.seq;
    }
    const reason = `${run.refused} events of this run could not be kept: ${this.#trouble?.reason ?? "too many waited to be written"}`;
    // So that the log has no gap, and the run is not taken for one that went as it ends here.
    this.#take({ ...event, seq: run.lastSeq + 1, outcome: "error", reason }, run);
    await this.flush();
    throw new LabError("internal", reason, { cure: "make space, and run it again" });
  }

  /** Events of a run that are yet to be written, in their order; its end is not among them: it is told once it is durable. */
  waiting(runId: string, afterSeq: number): LabEvent[] {
    if (this.firstUnsaved(runId) === undefined) return [];
    return this.#pending.filter((event) => event.runId === runId && event.seq > afterSeq && !isRunEnd(event));
  }

  /** Resolves when all that was added is durable. Rejects when an attempt to write has failed; what waits is tried again. */
  flush(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#flushes.add({ events: this.#added, resolve, reject });
    this.#send();
    return promise;
  }

  /** Tries no more by itself. */
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
    const refused = Promise.reject(
      new LabError("busy", `${WAITING_LIMIT} events wait to be written: no more are kept`),
    );
    // Whoever does not ask when an event is durable is told by the end of the run.
    refused.catch(() => {});
    return refused;
  }

  /** Sends all that is pending, as far as the writer may be given more now. */
  #send(): void {
    this.stop();
    // In trouble one batch at a time is enough to find out whether it is over.
    const limit = this.#trouble === undefined ? IN_FLIGHT_LIMIT : 1;
    while (this.#sent < this.#pending.length && this.#inFlight < limit) {
      const batch = this.#pending.slice(this.#sent, this.#sent + WRITE_AT_ROWS);
      const attempt = this.#attempt;
      this.#sent += batch.length;
      this.#inFlight++;
      for (const run of this.#runsOf(batch)) for (const callers of run.callers) callers.isSent = true;
      this.#write(batch, attempt).then(
        () => this.#written(batch, attempt),
        (error: unknown) => this.#failed(error, attempt),
      );
    }
    this.#isDue = this.#sent < this.#pending.length;
  }

  #written(batch: readonly LabEvent[], attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#inFlight--;
    this.#sent -= batch.length;
    this.#pending.splice(0, batch.length);
    const runs = this.#runsOf(batch);
    for (const event of batch) {
      const { runId, seq } = event;
      const run = this.#runs.get(runId);
      if (run === undefined) continue;
      run.savedSeq = seq;
      if (isRunEnd(event)) this.#runs.delete(runId);
    }
    const written = this.#added - this.#pending.length;
    if (this.#trouble !== undefined && written >= this.#trouble.untilWritten) this.#trouble = undefined;
    for (const run of runs) answer(run);
    for (const flush of this.#flushes) {
      if (written < flush.events) continue;
      this.#flushes.delete(flush);
      flush.resolve();
    }
    if (this.#isDue || this.#trouble !== undefined) this.#send();
    this.#tell();
  }

  #runsOf(batch: readonly LabEvent[]): OpenRun[] {
    return [...new Set(batch.map(({ runId }) => runId))].flatMap((runId) => this.#runs.get(runId) ?? []);
  }

  /** In mid-run that nothing can be written is no reason to stop: what waits is kept, and the end of the run says so. */
  #failed(error: unknown, attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    this.#inFlight = 0;
    this.#sent = 0;
    this.#isDue = false;
    const sinceWallMs = this.#trouble?.sinceWallMs ?? this.#wallMs();
    this.#trouble = { sinceWallMs, reason: messageOf(error), untilWritten: this.#added };
    this.stop();
    this.#timer = setTimeout(() => this.#send(), RETRY_AFTER_MS).unref();
    const flushes = [...this.#flushes];
    this.#flushes.clear();
    for (const { reject } of flushes) reject(error);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function newCallers(run: OpenRun, upToSeq: number): Callers {
  const { promise, resolve } = Promise.withResolvers<number>();
  const callers = { upToSeq, isSent: false, promise, resolve };
  run.callers.push(callers);
  return callers;
}

function answer(run: OpenRun): void {
  const answered = run.callers.filter(({ upToSeq }) => upToSeq <= run.savedSeq);
  run.callers = run.callers.slice(answered.length);
  for (const { resolve } of answered) resolve(run.savedSeq);
}
