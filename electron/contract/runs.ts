import { z } from "zod";
import { OUTCOMES } from "../model/lab-event.ts";
import { scenarioId } from "./scenarios.ts";
import { waitReason } from "./wait-reason.ts";

/** How a run waits before each step: not at all, for a fixed time, or for `runs.next`; ten minutes in all. */
export const PACES = ["none", "slow", "person"] as const;
export type PaceKind = (typeof PACES)[number];

/** The scenario id of manual sessions, as stored in histories and bundles. Faults applied outside any scenario are a run too. */
export const MANUAL_SCENARIO_ID = "by-hand";

/** The same of a live session that was kept, of a trace without a run, from a file or a tracing backend, and of an evaluation of traces. */
export const SESSION_SCENARIO_ID = "live-session";
export const TRACE_SCENARIO_ID = "trace-file";
export const EVALUATION_SCENARIO_ID = "evaluation";
/** The kinds of entries of a history, by the scenario id that those without a scenario have. */
export const OWN_SCENARIO_IDS = {
  [MANUAL_SCENARIO_ID]: "manual",
  [SESSION_SCENARIO_ID]: "session",
  [TRACE_SCENARIO_ID]: "trace",
  [EVALUATION_SCENARIO_ID]: "evaluation",
} as const;
export const RUN_KINDS = ["scenario", ...Object.values(OWN_SCENARIO_IDS)] as const;
export type RunKind = (typeof RUN_KINDS)[number];

export function kindOfRun(scenarioId: string): RunKind {
  return OWN_SCENARIO_IDS[scenarioId as keyof typeof OWN_SCENARIO_IDS] ?? "scenario";
}

export const runId = z.uuid();
const protections = z.array(z.string().min(1).max(100)).max(50);

/** Which of the runs that were requested together a run is, and what it is there for. */
export const batchPlace = z.object({
  id: z.string(),
  /** From 1. */
  number: z.int(),
  of: z.int(),
  /** It shows the failure that its protection prevents: that it fails is what was asked for. */
  showsFailure: z.boolean(),
  /** It is to be compared with the run before it, which had a protection off. */
  isCompared: z.boolean(),
  /** Its runs wait for a person before each step: so does the window after each of them. */
  isPaced: z.boolean(),
});
export type BatchPlace = z.infer<typeof batchPlace>;

/**
 * A requested run. `running` and `ended` have a `runId`; `queued` has none yet, and one cancelled while queued never
 * gets one.
 */
export const queueEntry = z.object({
  entryId: z.string(),
  state: z.enum(["queued", "running", "ended"]),
  scenarioId: z.string(),
  scenarioTitle: z.string(),
  without: z.array(z.string()),
  batch: batchPlace,
  /** Who submitted it: a window of this lab, or a command in a terminal that runs here. */
  from: z.enum(["window", "terminal"]),
  queuedWallMs: z.number(),
  runId: z.string().nullable(),
  startedWallMs: z.number().nullable(),
  /** Set once ended; `cancelled` also for one that never started. */
  outcome: z.enum(OUTCOMES).nullable(),
  /** Why it ended so; when the stack could not be brought up, {@link STACK_NOT_UP}, that error and its hint. */
  reason: z.string().nullable(),
  /** What happened, in one sentence; null until it has ended, and for one that never started. */
  headline: z.string().nullable(),
  cancelling: z.boolean(),
  /** Of the run of its batch that ended last: how many ended as expected. */
  batchResult: z.object({ asExpected: z.int() }).nullable(),
  /** The current activity, briefly: "starting the stack: gateway", "step: warm gateway". */
  activity: z.string(),
});
export type QueueEntry = z.infer<typeof queueEntry>;

/** It passed or, where it is to show what a protection prevents, failed: one that passes then shows that it prevents nothing. */
export function endedAsExpected(outcome: QueueEntry["outcome"], showsFailure: boolean): boolean {
  return outcome === (showsFailure ? "failed" : "passed");
}

export const runQueue = z.object({
  /** Running first, then queued in order. */
  active: z.array(queueEntry),
  /** The last hundred that ended since the lab started, newest first. */
  ended: z.array(queueEntry),
  /** Why none of these runs begins now; null when they do. */
  pause: waitReason.nullable(),
  /** Runs that waited when an earlier lab of this data folder ended: they wait until a person continues them. */
  left: z.int(),
});
export type RunQueue = z.infer<typeof runQueue>;

export const runStartRequest = z.strictObject({
  /** In this order. Runs are executed one after another because they share the stack. */
  scenarioIds: z.array(scenarioId).min(1).max(200),
  /** Protections of the gateway to switch off for these runs. */
  without: protections.default([]),
  /** Each scenario with every protection, then without each of `without`: without its own where none is. */
  matrix: z.boolean().default(false),
  repeat: z.int().min(1).max(100).default(1),
  pace: z.enum(PACES).default("none"),
});
export const runStarted = z.object({ entries: z.array(queueEntry) });
export const runCancelRequest = z.strictObject({
  /** An entry of the queue, or all of them. */
  entryId: z.union([z.literal("all"), z.uuid()]),
});
export const runNext = z.object({ ended: z.boolean() });
export const runRerunRequest = z.strictObject({
  runId,
  /** Replaces the protections that the run had off. */
  without: protections.optional(),
  repeat: z.int().min(1).max(100).default(1),
});
