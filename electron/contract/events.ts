import { z } from "zod";
import type { LabEvent } from "../model/lab-event.ts";
import type { TelemetryRecord } from "../model/telemetry.ts";
import type { WaitingApprovals } from "./approvals.ts";
import { type RunQueue, runId } from "./runs.ts";
import type { StackStatus } from "./stack.ts";

/** Maximum number of events in one message. */
export const EVENT_BATCH_LIMIT = 256;

const subscription = z.uuid().describe("chosen by the page; identifies the stream in acknowledgements");

/**
 * `lab`: the whole state at each change, the newest only. `run`: the events of one run after a number, from the history
 * or live, to its end; subscribing again from the last number received resumes without loss. `telemetry`: the spans and logs of
 * one run after a position, until no more can arrive.
 */
export const subscribeRequest = z.discriminatedUnion("topic", [
  z.strictObject({ topic: z.literal("lab"), subscription }),
  z.strictObject({ topic: z.literal("run"), subscription, runId, afterSeq: z.int().min(0) }),
  z.strictObject({ topic: z.literal("telemetry"), subscription, runId, after: z.int().min(0) }),
]);
export type SubscribeRequest = z.infer<typeof subscribeRequest>;

/** A page that stops acknowledging is sent nothing more; what it misses is read from the history, not kept in memory. */
export const acknowledgeRequest = z.strictObject({ subscription: z.uuid(), message: z.int().min(1) });

/** The current state outside the runs themselves. */
export interface LabState {
  /** Increases with every change. */
  version: number;
  /** The engine's clock when this was made: countdowns use it and not the window's clock. */
  wallMs: number;
  stack: StackStatus;
  queue: RunQueue;
  approvals: WaitingApprovals;
  /** Halted: every fault is undone and none can be applied until a person arms the lab again. */
  halted: boolean;
  /** The run of the manual faults that are in force, if any. */
  manualRunId: string | null;
  /** Changes when a run begins or ends, or runs are deleted, pinned or imported: call `history.list` again. */
  historyVersion: number;
  /** Changes when a user's scenario is saved or deleted: call `scenarios.list` again. */
  scenariosVersion: number;
  settingsVersion: number;
  /** Changes with live sessions: call `sessions.list` again. */
  sessionsVersion: number;
  /** Shown at once, such as what was restored after a crash. */
  notices: string[];
}

/** Progress events not sent to a slow window: their sequence numbers, so that there is no gap, and their counts. */
export interface SkippedProgress {
  type: "skipped";
  fromSeq: number;
  toSeq: number;
  atMs: number;
  /** Log lines by service. */
  lines: Record<string, number>;
}
export type StreamItem = LabEvent | SkippedProgress;

/** How much of a run's log is available and saved. */
export interface RunProgress {
  /** The last sequence number that can be sent now. */
  lastSeq: number;
  /** Events up to this number are on disk and survive any crash of the lab. */
  savedSeq: number;
  /** Why later events, the run's end included, are not saved; null when no write has failed. Writing is retried. */
  unsaved: { sinceWallMs: number; reason: string } | null;
}

/**
 * `message` counts from 1 in each stream. A `run` stream ends after the run's last event, once all are saved. Its
 * messages have no items when only its progress has changed.
 */
export type StreamMessage =
  | { type: "lab"; message: number; state: LabState }
  | ({ type: "run"; message: number; items: StreamItem[] } & RunProgress)
  /** `next`: the position to resume from. */
  | { type: "telemetry"; message: number; records: TelemetryRecord[]; next: number };
