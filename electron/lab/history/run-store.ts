import type { DecidedApproval } from "../../contract/approvals.ts";
import type { EventPage, HistoryFilter, LaneSummary } from "../../contract/history.ts";
import type { EventOf, LabEvent, Outcome } from "../../model/lab-event.ts";
import type { StreamEntry } from "./stream-entry.ts";
import type { Durability } from "./write-queue.ts";

export interface NewRun {
  id: string;
  scenarioId: string;
  scenarioTitle: string;
  /** The scenario as written, kept so that a run can be repeated after the file changed. */
  scenarioSource: string;
  /** The stack file as written. */
  stackSource?: string | undefined;
  driver: string;
  without: string[];
  startedWallMs: number;
  /** Nothing in it is redacted, as a person asked for. */
  isRaw?: boolean;
}

/** A run as it is kept: all that is known of it without its events. */
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
  /** Kept when older runs are trimmed, and not deleted by anyone. */
  pinned: boolean;
  /** The bundle that it came from; null for a run that happened here. */
  importedFrom: string | null;
  /** Recorded as it was, nothing redacted. */
  raw: boolean;
  /** The lab that ran it has died, and no later one has ended it yet. */
  isAbandoned: boolean;
}

/** What a run was made of, beside its events. */
export interface RunSources {
  scenario: string;
  /** Absent for a run whose stack file was not kept. */
  stack?: string;
  events: number;
}

export interface StoredRunDetail extends StoredRun {
  /** The scenario as it was written when it ran. */
  source: string;
  events: number;
  /** Of the last event; 0 for a run without any. */
  lastSeq: number;
  lastMs: number;
}

export interface RunPage {
  /** Newest first. */
  runs: StoredRun[];
  hasMore: boolean;
  /** That match the filter, on all pages. */
  matching: number;
  /** Kept in all, of these pinned, and the bytes that they take on disk. */
  retention: { runs: number; pinned: number; bytes: number };
}

/** Events of one run by their numbers, and by type and service where these are given. */
export interface EventWindow {
  runId: string;
  afterSeq: number;
  limit: number;
  types?: readonly string[] | undefined;
  service?: string | undefined;
}

export interface DeletedRuns {
  deleted: string[];
  /** Those that stay, and why. */
  kept: { runId: string; because: string }[];
}

export interface ArrivingRun extends NewRun {
  outcome: Outcome;
  reason: string;
  durationMs: number;
}

/** Runs on their way in from elsewhere: all of them come in, or none. Nobody sees them before. */
export interface Arrivals {
  /** The events that are staged from now on are of this run. */
  begin(run: ArrivingRun): void;
  /** Resolves when more may be staged. */
  stage(event: LabEvent): Promise<void> | undefined;
  /** @throws LabError when it cannot be written, or a run has come meanwhile; the signal's reason when cancelled before */
  commit(importedFrom: string, importedWallMs: number, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * Every run with its events. A store that is given events says when they are durable: they survive the death of this
 * process, however it dies. Readers never wait for a write: they are given what is durable and, where events of one run
 * are asked for, what of it still waits, but never an end that is not durable.
 *
 * Readers throw LabError `bad-input` for a run that is not there or an event that was damaged, and `busy` when too many
 * reads wait.
 */
export interface RunStore {
  /** Why nothing can be recorded, or undefined. */
  readonly readOnlyBecause: string | undefined;
  /** What a person should know of how the store was found. */
  readonly notices: readonly string[];
  /** What of the runs that are in progress is durable. */
  readonly durability: Durability;

  /** @throws LabError `read-only`: a run that leaves no record would be lost work */
  assertWritable(): void;
  /** Resolves when it is durable that there is this run. @throws LabError when it cannot be written */
  begin(run: NewRun): Promise<void>;
  /**
   * Takes the next event of a run that has begun, at once and in order; its last is for {@link RunStore.end}. Resolves with the number up to which the run's
   * events are durable, this one among them; later when nothing can be written now.
   * Rejects when the event was refused, since more wait than are kept. @throws LabError for a run that is not in progress
   */
  append(event: LabEvent): Promise<number>;
  /**
   * The last event of a run. Resolves with its number once it is durable, and with it all before it.
   * Rejects with a LabError when it cannot be written now, or events of the run were refused; it is tried on
   */
  end(event: EventOf<"run.ended">): Promise<number>;
  /** Resolves when all that was appended is durable. Rejects with a LabError when it cannot be now; it is tried on */
  flush(): Promise<void>;
  /**
   * Ends the runs whose lab is no longer alive, as `interrupted`, and clears away what it had brought in, or removed, by
   * half. Resolves with how many runs there were.
   */
  endOrphans(): Promise<number>;

  /** By a filter, page by page. */
  list(filter: HistoryFilter): Promise<RunPage>;
  /** A run by its id or by the first characters of it. @throws LabError when none or several match */
  find(idOrPrefix: string): Promise<StoredRun>;
  get(runId: string): Promise<StoredRunDetail>;
  has(runId: string): Promise<boolean>;
  sources(runId: string): Promise<RunSources>;
  /** All events in their order, each checked against its shape. They are read page by page: a run may be in progress. */
  events(runId: string): AsyncGenerator<LabEvent, void>;
  eventPage(window: EventWindow): Promise<EventPage>;
  /** As a stream sends them. */
  entries(runId: string, afterSeq: number, limit: number): Promise<StreamEntry[]>;
  /** 0 for a run without events. */
  lastSeq(runId: string): Promise<number>;
  laneSummary(runId: string): Promise<LaneSummary>;
  /** Of runs of the scenario that have ended, newest first. */
  lastVerdicts(scenarioId: string, limit: number): Promise<StoredRun[]>;
  /** Decisions on approvals in every run, newest first. */
  approvals(limit: number, beforeWallMs: number): Promise<{ decided: DecidedApproval[]; hasMore: boolean }>;

  /** @throws LabError when there is no such run */
  pin(runId: string, pinned: boolean): Promise<void>;
  /**
   * Pinned runs, runs in progress and runs of which something waits stay. The others are gone at once, and their events
   * when it resolves; after the signal the events go at the next start.
   */
  delete(runIds: readonly string[], isOn: (runId: string) => boolean, signal?: AbortSignal): Promise<DeletedRuns>;
  /** Deletes what has been here longest beyond the limit, but pinned runs and those in progress. Resolves with how many. */
  trim(limit: number, signal?: AbortSignal): Promise<number>;
  /** Bytes on disk. */
  bytes(): Promise<number>;

  arrivals(): Arrivals;
  /**
   * Writes what waits and lets the files go; what is being read or removed ends. May be called again.
   * @throws LabError when something could not be written, and nobody was told of it before
   */
  close(): Promise<void>;
}
