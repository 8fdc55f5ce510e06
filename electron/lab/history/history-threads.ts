import type { DecidedApproval } from "../../contract/approvals.ts";
import type { HistoryFilter } from "../../contract/history.ts";
import type { AnnotationChange, RunAnnotations } from "../../model/annotations.ts";
import type { Outcome } from "../../model/lab-event.ts";
import type { EventColumns } from "./event-columns.ts";
import type { EventTexts } from "./event-text.ts";
import type { LaneRow } from "./lanes.ts";
import type {
  ArrivingRun,
  EventWindow,
  NewRun,
  RunPage,
  RunSources,
  StoredRun,
  StoredRunDetail,
  TelemetryPage,
} from "./run-store.ts";

/** Events of one run in a batch. */
export interface RunBatch {
  runId: string;
  rows: EventColumns;
  /** Set when the last row ends the run. */
  ending?: { outcome: Outcome; reason: string; durationMs: number } | undefined;
}

export interface Opened {
  readOnlyBecause: string | undefined;
  damagedMovedTo: string | undefined;
}

type Maybe<Value> = Value | Promise<Value>;

/** All writes to a history, carried out on a thread of their own; see RunStore for their meaning. */
export interface HistoryWriter {
  opened(): Maybe<Opened>;
  begin(run: NewRun): Maybe<void>;
  /**
   * Writes a batch atomically, but for the runs that another process has ended: those are resolved to, and nothing of them
   * is written.
   */
  write(runs: readonly RunBatch[], attempt: number): Maybe<string[]>;
  /** Adds records, each as JSON. False for an unknown run. */
  addTelemetry(runId: string, bodies: readonly string[]): Maybe<boolean>;
  /** False when the run has ended already. */
  interrupt(runId: string, reason: string): Maybe<boolean>;
  endOrphans(signal: AbortSignal): Maybe<number>;
  /** False for an unknown run. */
  pin(runId: string, pinned: boolean): Maybe<boolean>;
  /** Undefined for an unknown run. @throws LabError for too many notes */
  annotate(runId: string, change: AnnotationChange): Maybe<RunAnnotations | undefined>;
  /** Pinned runs are kept. */
  remove(runIds: readonly string[], signal: AbortSignal): Maybe<{ deleted: string[]; pinned: string[] }>;
  /** Resolves to the number of deleted runs. */
  trim(limit: number, signal: AbortSignal): Maybe<number>;
  /** Stages imported runs under a number chosen by the caller. */
  stage(arrival: number, run: ArrivingRun | undefined, rows: EventColumns, telemetry: readonly string[]): Maybe<void>;
  commit(arrival: number, from: { importedFrom: string; importedWallMs: number }, signal: AbortSignal): Maybe<void>;
  forget(arrival: number): Maybe<void>;
  close(): Maybe<void>;
}

/** All reads of a history, on a thread of their own. */
export interface HistoryReader {
  list(filter: HistoryFilter, signal: AbortSignal): Maybe<RunPage>;
  find(idOrPrefix: string): Maybe<StoredRun>;
  has(runId: string): Maybe<boolean>;
  get(runId: string): Maybe<StoredRunDetail>;
  sources(runId: string): Maybe<RunSources>;
  lastSeq(runId: string): Maybe<number>;
  /** Empty for an unknown run. */
  events(runId: string, afterSeq: number, limit: number): Maybe<EventColumns>;
  /** Events for a stream. @throws LabError naming the first damaged event */
  entries(runId: string, afterSeq: number, limit: number): Maybe<EventTexts>;
  telemetry(runId: string, after: number, limit: number): Maybe<TelemetryPage>;
  /** Up to one event more than the limit, and the number of the run's last event. */
  window(window: EventWindow, signal: AbortSignal): Maybe<{ rows: EventColumns; lastSeq: number }>;
  /** @param buckets maximum number of time slices of the run */
  lanes(
    runId: string,
    buckets: number,
    signal: AbortSignal,
  ): Maybe<{ rows: LaneRow[]; lastSeq: number; lastUs: number; bucketUs: number }>;
  lastVerdicts(scenarioId: string, limit: number): Maybe<StoredRun[]>;
  approvals(
    limit: number,
    beforeWallMs: number,
    signal: AbortSignal,
  ): Maybe<{ decided: DecidedApproval[]; hasMore: boolean }>;
  bytes(): Maybe<number>;
  close(): Maybe<void>;
}

/** Where a history is kept. */
export type StoreLocation =
  | { kind: "sqlite"; file: string }
  /** @property url of the database, with its password; `schema` in it is the lab's own. */
  | { kind: "postgres"; url: string; schema: string };

/** An object that a thread serves, and how its errors are explained. */
export interface Served<Methods> {
  methods: Methods;
  explain(error: unknown): unknown;
}
