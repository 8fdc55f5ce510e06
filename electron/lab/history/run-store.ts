import type { DecidedApproval } from "../../contract/approvals.ts";
import type { EventPage, HistoryFilter, LaneSummary } from "../../contract/history.ts";
import type { BatchPlace } from "../../contract/runs.ts";
import type { AnnotationChange, RunAnnotations } from "../../model/annotations.ts";
import type { EventOf, LabEvent, Outcome } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import type { StreamEntry } from "./stream-entry.ts";
import type { Durability } from "./write-queue.ts";

export interface NewRun {
  id: string;
  scenarioId: string;
  scenarioTitle: string;
  /** The text of the scenario, stored so that a run can be repeated after the file has changed. */
  scenarioSource: string;
  /** The text of the stack file. */
  stackSource?: string | undefined;
  driver: string;
  without: string[];
  startedWallMs: number;
  /** Nothing in it is redacted, at a person's request. */
  isRaw?: boolean;
  batch?: BatchPlace | null | undefined;
}

/** A stored run without its events. */
export interface StoredRun {
  id: string;
  scenarioId: string;
  scenarioTitle: string;
  driver: string;
  without: string[];
  /** Null until the run has ended. */
  outcome: Outcome | null;
  reason: string | null;
  startedWallMs: number;
  durationMs: number | null;
  /** Excluded from trimming and deletion. */
  pinned: boolean;
  /** The bundle that it was imported from; null for a run of this lab. */
  importedFrom: string | null;
  /** Recorded unredacted. */
  raw: boolean;
  /** Its lab has died, and no later one has ended it yet. */
  isAbandoned: boolean;
  /** What persons wrote on it. */
  annotations: RunAnnotations;
  /** Which of the runs that were requested together it is; null for one that was requested alone, and for an imported one. */
  batch: BatchPlace | null;
}

/** Input files of a run, and the number of its events. */
export interface RunSources {
  scenario: string;
  /** Absent for a run whose stack file was not stored. */
  stack?: string;
  events: number;
}

export interface StoredRunDetail extends StoredRun {
  /** The text of the scenario when it ran. */
  source: string;
  events: number;
  /** Of the last event; 0 for a run without events. */
  lastSeq: number;
  lastMs: number;
}

export interface ListedRun extends StoredRun {
  /** What happened, in one sentence; null while the run is in progress, and for one with too many events to read for it. */
  headline: string | null;
}

export interface RunPage {
  /** Newest first. */
  runs: ListedRun[];
  hasMore: boolean;
  /** Number of runs that match the filter, on all pages. */
  matching: number;
  /** Stored runs, how many of them are pinned, and their size on disk. */
  retention: { runs: number; pinned: number; bytes: number };
}

/** Selects events of one run by their numbers, and optionally by type and service. */
export interface EventWindow {
  runId: string;
  afterSeq: number;
  limit: number;
  types?: readonly string[] | undefined;
  service?: string | undefined;
}

export interface TelemetryPage {
  records: TelemetryRecord[];
  /** Position after the last record, for the next page. */
  next: number;
  hasMore: boolean;
}

export interface DeletedRuns {
  deleted: string[];
  /** Runs that were not deleted, with the reason. */
  kept: { runId: string; because: string }[];
}

export interface ArrivingRun extends NewRun {
  outcome: Outcome;
  reason: string;
  durationMs: number;
  annotations?: RunAnnotations;
  /** Of a run that is moved from another store: kept instead of what {@link Arrivals.commit} is given. */
  moved?: { importedFrom: string | null; pinned: boolean };
}

/** An import of runs: atomic, and invisible to readers before {@link commit}. */
export interface Arrivals {
  /** Starts a run: events that are staged from now on belong to it. */
  begin(run: ArrivingRun): void;
  /** Stages an event. A returned promise resolves when more may be staged. */
  stage(event: LabEvent): Promise<void> | undefined;
  /** Stages telemetry of the run that was started last. A returned promise resolves when more may be staged. */
  stageTelemetry(record: TelemetryRecord): Promise<void> | undefined;
  /** @throws LabError when it cannot be written, or a run has been added meanwhile; the signal's reason when cancelled before */
  commit(importedFrom: string, importedWallMs: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * All runs with their events. The store reports when events are durable, that is, survive the death of this process for
 * whatever reason. Readers never wait for a write: they get what is durable and, for the events of one run, those that
 * still wait to be written, but never an end that is not durable.
 *
 * Readers throw LabError `bad-input` for a run that does not exist or an event that is damaged, and `busy` when too many
 * reads wait.
 */
export interface RunStore {
  /** Why nothing can be recorded, or undefined. */
  readonly readOnlyBecause: string | undefined;
  /** Notices for the user about the state in which the store was found. */
  readonly notices: readonly string[];
  /** Durability of the runs in progress. */
  readonly durability: Durability;

  /** @throws LabError `read-only` */
  assertWritable(): void;
  /** Resolves when the run's record is durable. @throws LabError when it cannot be written */
  begin(run: NewRun): Promise<void>;
  /**
   * Takes the next event of a started run, synchronously and in order; the last one is for {@link RunStore.end}. Resolves to
   * the number up to which the run's events are durable, including this one; later when nothing can be written now.
   * Rejects when the event was refused, since too many wait. @throws LabError for a run that is not in progress
   */
  append(event: LabEvent): Promise<number>;
  /**
   * Takes the last event of a run. Resolves to its number once it and all earlier events are durable.
   * Rejects with a LabError when it cannot be written now, or events of the run were refused; writing is retried
   */
  end(event: EventOf<"run.ended">): Promise<number>;
  /**
   * Adds what services sent about a run, in this order, during the run or after its end. Resolves once it is durable; to
   * false for a run that does not exist, or was deleted. One lab adds to a run, one call after the other.
   */
  addTelemetry(runId: string, records: readonly TelemetryRecord[]): Promise<boolean>;
  /** Resolves when all appended events are durable. Rejects with a LabError when they cannot be written now; writing is retried */
  flush(): Promise<void>;
  /**
   * Ends a run in progress of another process as `interrupted`. What that process appends afterwards is refused. Resolves to
   * false when the run has ended already.
   */
  interrupt(runId: string, reason: string): Promise<boolean>;
  /**
   * Ends the runs of dead labs as `interrupted`, and cleans up their incomplete imports and removals. Resolves to the number
   * of these runs.
   */
  endOrphans(): Promise<number>;

  /** Runs by a filter, page by page. */
  list(filter: HistoryFilter): Promise<RunPage>;
  /** A run by its id or a prefix of it. @throws LabError when none or several match */
  find(idOrPrefix: string): Promise<StoredRun>;
  get(runId: string): Promise<StoredRunDetail>;
  has(runId: string): Promise<boolean>;
  sources(runId: string): Promise<RunSources>;
  /** All events in their order, each validated. Read page by page: a run may be in progress. */
  events(runId: string): AsyncGenerator<LabEvent, void>;
  eventPage(window: EventWindow): Promise<EventPage>;
  /** Events in the form in which a stream sends them. */
  entries(runId: string, afterSeq: number, limit: number): Promise<StreamEntry[]>;
  /** 0 for a run without events. */
  lastSeq(runId: string): Promise<number>;
  laneSummary(runId: string): Promise<LaneSummary>;
  /** Telemetry of a run in the order in which it was added, from a position on: 0, or {@link TelemetryPage.next}. */
  telemetry(runId: string, after: number, limit: number): Promise<TelemetryPage>;
  /** Ended runs of the scenario, newest first. */
  lastVerdicts(scenarioId: string, limit: number): Promise<StoredRun[]>;
  /** Decisions on approvals in every run, newest first. */
  approvals(limit: number, beforeWallMs: number): Promise<{ decided: DecidedApproval[]; hasMore: boolean }>;

  /** @throws LabError when there is no such run */
  pin(runId: string, pinned: boolean): Promise<void>;
  /** Resolves to what is written on the run then. @throws LabError when there is no such run, or it has too many notes */
  annotate(runId: string, change: AnnotationChange): Promise<RunAnnotations>;
  /**
   * Deletes runs, except pinned runs, runs in progress and runs with unwritten events. They disappear at once, their events
   * by the time it resolves; when the signal aborts, the events are removed at the next start.
   */
  delete(runIds: readonly string[], isOn: (runId: string) => boolean, signal?: AbortSignal): Promise<DeletedRuns>;
  /** Deletes the oldest runs beyond the limit, except pinned runs and those in progress. Resolves to their number. */
  trim(limit: number, signal?: AbortSignal): Promise<number>;
  /** Bytes on disk. */
  bytes(): Promise<number>;

  arrivals(): Arrivals;
  /**
   * Writes what waits and closes the files; reads and removals in progress end. May be called again.
   * @throws LabError when something could not be written, and no caller has got an error for it before
   */
  close(): Promise<void>;
}
