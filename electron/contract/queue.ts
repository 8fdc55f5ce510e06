import { z } from "zod";
import { OUTCOMES } from "../model/outcomes.ts";
import { scenarioId } from "./scenarios.ts";
import { evaluateRequest } from "./traces.ts";
import { waitReason } from "./wait-reason.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,99}$/i);

/** A submitted run as the queue has it, whoever submitted it and whoever carries it out. */
export const queuedRun = z.object({
  runId: z.uuid(),
  kind: z.enum(["scenario", "evaluation"]),
  title: z.string(),
  /** "the open stack, shop", "reference stack on Docker", "trace 4bf9 of tempo:3200". */
  target: z.string(),
  without: z.array(z.string()),
  repeats: z.int(),
  /** That its worker must have, without those of a window. */
  labels: z.array(z.string()),
  state: z.enum(["queued", "running", "ended"]),
  outcome: z.enum(OUTCOMES).nullable(),
  reason: z.string().nullable(),
  attempt: z.int(),
  maxAttempts: z.int(),
  worker: z.string().nullable(),
  /** Until the lease of its worker ends; negative once it has. */
  leaseLeftMs: z.number().nullable(),
  cancelRequested: z.boolean(),
  submittedWallMs: z.number(),
  startedWallMs: z.number().nullable(),
  finishedWallMs: z.number().nullable(),
  waits: waitReason.nullable(),
  /** Why it cannot be repeated; null when it can. */
  notRepeatable: z.string().nullable(),
});
export type QueuedRunSummary = z.infer<typeof queuedRun>;

export const queueWorker = z.object({
  worker: z.string(),
  labels: z.array(z.string()),
  /** Runs at a time. */
  concurrency: z.int(),
  /** What it takes, where that is a window. */
  window: z.enum(["this", "another"]).nullable(),
});

export const queueListRequest = z.strictObject({
  limit: z.int().min(1).max(500).default(100),
});
export const queueList = z.object({
  /** Queued and running ones, oldest first, then those that have ended, newest first. */
  runs: z.array(queuedRun),
  counts: z.object({ queued: z.int(), running: z.int(), ended: z.int() }),
  /** Those that reported within the last seconds. */
  workers: z.array(queueWorker),
});
export type QueueList = z.infer<typeof queueList>;

export const queuedRunRequest = z.strictObject({ runId: z.uuid() });

export const queueAttempt = z.object({
  attempt: z.int(),
  worker: z.string(),
  claimedWallMs: z.number(),
  endedWallMs: z.number().nullable(),
  ending: z.enum([...OUTCOMES, "lost", "released"]).nullable(),
  reason: z.string().nullable(),
  /** Its runs in the history, those that are still there. */
  runs: z.array(
    z.object({
      runId: z.string(),
      title: z.string(),
      outcome: z.enum(OUTCOMES).nullable(),
      reason: z.string().nullable(),
      durationMs: z.number().nullable(),
    }),
  ),
});
export type QueueAttemptDetail = z.infer<typeof queueAttempt>;

export const queueResult = z.object({
  item: z.string(),
  evaluator: z.string(),
  attempt: z.int(),
  status: z.enum(["passed", "failed", "errored", "skipped"]),
  score: z.number().nullable(),
  error: z.string().nullable(),
});
export const queuedRunDetail = z.object({
  run: queuedRun,
  attempts: z.array(queueAttempt),
  results: z.array(queueResult),
});
export type QueuedRunDetail = z.infer<typeof queuedRunDetail>;

/** The attempt that a run of the history was, of how many there are. Null for a run that was not submitted. */
export const attemptOfRun = z.object({ runId: z.uuid(), attempt: z.int(), attempts: z.int() }).nullable();
export type AttemptOfRun = z.infer<typeof attemptOfRun>;

/** Where a worker sends the end of the run. */
const sendTo = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).nullable(),
  /** In the worker's folder for them. */
  file: z
    .string()
    .regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, "a relative path of letters, digits and . _ -")
    .nullable(),
});

/** For a run that a worker carries out. */
const forWorker = {
  /** That the worker must have. */
  labels: z.array(name).max(20),
  sendTo,
};

export const queueSubmitRequest = z.discriminatedUnion("is", [
  z.strictObject({
    is: z.literal("scenario"),
    scenarioId,
    /** `open`: the stack that is open in this lab; the others are a worker's. */
    stack: z.discriminatedUnion("is", [
      z.strictObject({ is: z.literal("open") }),
      z.strictObject({ is: z.literal("reference"), driver: z.enum(["process", "docker"]), ...forWorker }),
      z.strictObject({ is: z.literal("named"), name, ...forWorker }),
      z.strictObject({ is: z.literal("project"), project: name, ...forWorker }),
    ]),
    without: z.array(z.string().min(1).max(100)).max(50).default([]),
    repeats: z.int().min(1).max(100).default(1),
  }),
  z.strictObject({
    is: z.literal("evaluation"),
    traces: z.discriminatedUnion("is", [
      z.strictObject({ is: z.literal("file"), upload: z.uuid() }),
      /** Read by the worker: GET of `address/traceId`. */
      z.strictObject({
        is: z.literal("backend"),
        address: z.url({ protocol: /^https?$/ }),
        traceId: z.string().regex(/^[\w.-]{1,128}$/),
      }),
    ]),
    ...evaluateRequest.omit({ runIds: true }).shape,
    ...forWorker,
  }),
]);
export type QueueSubmitRequest = z.input<typeof queueSubmitRequest>;
export const queueSubmitted = z.object({ runIds: z.array(z.string()) });
