import { z } from "zod";
import type { LabEvent } from "../model/lab-event.ts";
import type { WaitingApprovals } from "./approvals.ts";
import { type RunQueue, runId } from "./runs.ts";
import type { StackStatus } from "./stack.ts";

/** Events in one message at most. */
export const EVENT_BATCH_LIMIT = 256;

const subscription = z.uuid().describe("chosen by the page; names the stream in acknowledgements");

/**
 * `lab`: how everything stands, whole, again at each change, the newest only. `run`: the events of one run after a
 * number, from the history or live, to its end; asking again from the last number seen resumes without loss.
 */
export const subscribeRequest = z.discriminatedUnion("topic", [
  z.strictObject({ topic: z.literal("lab"), subscription }),
  z.strictObject({ topic: z.literal("run"), subscription, runId, afterSeq: z.int().min(0) }),
]);
export type SubscribeRequest = z.infer<typeof subscribeRequest>;

/** A page that stops acknowledging stops being sent to; what it misses waits in the history, not in memory. */
export const acknowledgeRequest = z.strictObject({ subscription: z.uuid(), message: z.int().min(1) });

/** Everything that is true now outside the runs themselves. */
export interface LabState {
  /** Grows with every change. */
  version: number;
  /** The engine's clock when this was made: countdowns are told from it and not from the window's clock. */
  wallMs: number;
  stack: StackStatus;
  queue: RunQueue;
  approvals: WaitingApprovals;
  /** Halted: everything is put back and nothing may be broken until a person arms the lab again. */
  halted: boolean;
  /** The run of the faults by hand that are in force, if any. */
  byHandRunId: string | null;
  /** Changes when a run began or ended, or runs were deleted, pinned or imported: ask `history.list` again. */
  historyVersion: number;
  /** Changes when a user's scenario was saved or deleted: ask `scenarios.list` again. */
  scenariosVersion: number;
  settingsVersion: number;
  /** Worth telling at once, such as what was put back after a crash. */
  notices: string[];
}

/** Progress events that a slow window was spared: their numbers, so that the order has no holes, and how many. */
export interface SkippedProgress {
  type: "skipped";
  fromSeq: number;
  toSeq: number;
  atMs: number;
  /** Log lines by service. */
  lines: Record<string, number>;
}
export type StreamItem = LabEvent | SkippedProgress;

/** How far a run's log has come. */
export interface RunProgress {
  /** The last number that may be told now. */
  lastSeq: number;
  /** Events up to this number are on disk: they survive the death of the lab, however it dies. */
  savedSeq: number;
  /** Why what follows it, the run's end included, is not; null when nothing has failed. It is tried again until it is. */
  unsaved: { sinceWallMs: number; reason: string } | null;
}

/**
 * `message` counts from 1 in each stream. A `run` stream ends by itself after the run's last event, once all are saved.
 * Its messages may be without items, when only its progress has changed.
 */
export type StreamMessage =
  | { type: "lab"; message: number; state: LabState }
  | ({ type: "run"; message: number; items: StreamItem[] } & RunProgress);
