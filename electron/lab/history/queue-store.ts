import type { WaitReason } from "../../contract/wait-reason.ts";
import type { Outcome } from "../../model/outcomes.ts";

export type QueueState = "queued" | "running" | "ended";

export interface NewQueuedRun {
  runId: string;
  /** JSON value, with every default filled in. */
  spec: unknown;
  /** Labels that its worker must have. */
  labels: readonly string[];
  maxAttempts: number;
  /** Of one attempt. */
  deadlineMs: number;
}

/** A submitted run. Its row is the truth: what wakes workers, or shows it, decides nothing. Times are the database's. */
export interface QueuedRun extends NewQueuedRun {
  state: QueueState;
  /** Number of the attempt that runs, or was the last; 0 before the first. */
  attempt: number;
  worker: string | null;
  /** Until the lease of a running attempt ends, by the database's clock; negative once it has. */
  leaseLeftMs: number | null;
  cancelRequested: boolean;
  /** Set once it has ended. */
  outcome: Outcome | null;
  reason: string | null;
  summary: unknown;
  submittedWallMs: number;
  startedWallMs: number | null;
  finishedWallMs: number | null;
}

export interface QueueAttempt {
  attempt: number;
  worker: string;
  claimedWallMs: number;
  endedWallMs: number | null;
  /** `lost`: its lease ended; `released`: its worker stopped in order. */
  ending: Outcome | "lost" | "released" | null;
  reason: string | null;
  /** Its runs in the history. */
  historyRuns: string[];
}

/** The right of one attempt to write. What an earlier attempt writes is refused. */
export interface Lease {
  runId: string;
  attempt: number;
  worker: string;
}

export interface QueueResult {
  /** Derived from run, item and evaluator, so that a repeat overwrites: see resultId. */
  resultId: string;
  item: string;
  evaluator: string;
  /** JSON value: status, score, details. */
  body: unknown;
}

export interface StoredQueueResult extends QueueResult {
  runId: string;
  attempt: number;
  createdWallMs: number;
}

export interface QueueWorker {
  worker: string;
  labels: readonly string[];
  concurrency: number;
}

export interface ReportedWorker extends QueueWorker {
  /** Why it takes no run now; null when it does. */
  pause: WaitReason | null;
}

/** One try to send a sink what became of its run. */
export interface Delivery {
  runId: string;
  /** Its place among the sinks of the run's spec. */
  sink: number;
  /** This one included. */
  tries: number;
}

export interface StoredDelivery extends Delivery {
  state: "pending" | "delivered" | "failed";
  /** Of its last try. */
  problem: string | null;
}

export interface QueueClaim extends QueueWorker {
  /** Of its labels one that the run must have; absent: any run that its labels suffice for. */
  only?: string;
}

export interface QueueFilter {
  states?: readonly QueueState[];
  /** Of runs that have ended. */
  outcomes?: readonly Outcome[];
  /** Only those with a label that begins so. */
  labelled?: string;
  /** None with a label that begins so. */
  notLabelled?: string;
  limit: number;
  /** Their specs come without the traces and the eval set in them, which may be large, and with `omittedBytes` instead. */
  isBrief?: boolean;
  /** Only those submitted earlier. */
  beforeWallMs?: number;
}

/** A row as it is in both databases. */
export type QueueRecord = Record<string, string | number | null>;

/** A run that has ended, with all that is kept of it. */
export interface EndedRun {
  /** Its place in the queue. */
  number: number;
  run: QueueRecord;
  attempts: QueueRecord[];
  results: QueueRecord[];
  deliveries: QueueRecord[];
}

/** Submitted runs, their attempts and results. All methods throw LabError when the database cannot be used. */
export interface QueueStore {
  /**
   * Adds the run, or resolves to the one that has the id already, whatever its spec. Undefined when so many runs are queued:
   * nothing is added then.
   */
  submit(run: NewQueuedRun, mostQueued: number): Promise<{ run: QueuedRun; isNew: boolean } | undefined>;
  /** Adds a run that has ended already, with its results: a record of what was done at once. False for an id that is there. */
  record(
    run: NewQueuedRun,
    ending: { outcome: Outcome; reason: string; summary: unknown },
    results: readonly QueueResult[],
  ): Promise<boolean>;
  /**
   * The oldest run that is queued, or whose lease has ended, with attempts left and no labels but the worker's. Counts the
   * attempt, and ends the one before as lost.
   */
  claim(worker: QueueClaim, leaseMs: number): Promise<QueuedRun | undefined>;
  /** Prolongs the lease. `cancel`: it is held, and a cancellation has been requested. */
  heartbeat(lease: Lease, leaseMs: number): Promise<"held" | "cancel" | "lost">;
  /** Notes a run of the attempt in the history. False when the lease is lost. */
  addHistoryRun(lease: Lease, historyRun: string): Promise<boolean>;
  /** False when the lease is lost: nothing is written then. */
  putResults(lease: Lease, results: readonly QueueResult[]): Promise<boolean>;
  /** Ends the run. False when the lease is lost. */
  finish(lease: Lease, ending: { outcome: Outcome; reason: string; summary: unknown }): Promise<boolean>;
  /** Gives the run back, to be claimed again; one without attempts left ends as interrupted. False when the lease is lost. */
  release(lease: Lease, reason: string): Promise<boolean>;
  /** Changes which labels the next worker of a run must have. False for a run that has ended, and for an unknown one. */
  relabel(runId: string, labels: readonly string[]): Promise<boolean>;
  /** A queued run ends at once; a running one is asked to. Undefined for an unknown run. */
  cancel(runId: string): Promise<QueuedRun | undefined>;
  /**
   * Ends runs that no worker will end: the lease has ended and no attempt is left or a cancellation was requested, or the
   * deadline has passed by a minute.
   */
  reap(): Promise<QueuedRun[]>;
  get(runId: string): Promise<QueuedRun | undefined>;
  /** Newest first. */
  list(filter: QueueFilter): Promise<QueuedRun[]>;
  counts(): Promise<Record<QueueState, number>>;
  attempts(runId: string): Promise<QueueAttempt[]>;
  /** The submitted run, and its attempt, that a run of the history is of. */
  attemptOf(historyRun: string): Promise<Pick<Lease, "runId" | "attempt"> | undefined>;
  results(runId: string): Promise<StoredQueueResult[]>;
  /**
   * One that is due, of a run with no labels but these. Nobody else gets it for so long, or until the try is ended; each end
   * of a run makes one for each of its sinks.
   */
  takeDelivery(labels: readonly string[], forMs: number): Promise<Delivery | undefined>;
  /** False when another try has begun meanwhile. */
  endDelivery(
    delivery: Delivery,
    ending: { is: "delivered" } | { is: "failed"; problem: string } | { is: "again"; problem: string; afterMs: number },
  ): Promise<boolean>;
  deliveries(runId: string): Promise<StoredDelivery[]>;
  /** Notes that a worker is there. */
  reportWorker(worker: ReportedWorker): Promise<void>;
  forgetWorker(worker: string): Promise<void>;
  /**
   * Removes the oldest runs that have ended beyond this number, with their attempts, results and deliveries; none that a sink
   * has still to be sent. Workers that have not reported for a day are forgotten. @returns how many runs
   */
  trim(limit: number): Promise<number>;
  /** Runs that have ended after a place in the queue, in order. */
  endedRuns(after: number, limit: number): Promise<EndedRun[]>;
  endedRun(runId: string): Promise<EndedRun | undefined>;
  /** Adds one as it was elsewhere. False for an id that is there. */
  addEndedRun(run: EndedRun): Promise<boolean>;
  /** Those that reported within so many milliseconds. */
  workers(withinMs: number): Promise<ReportedWorker[]>;
  close(): Promise<void>;
}
