import { z } from "zod";

const id = z.string().max(100);

export const sessionSummary = z.object({
  id,
  /** The name of the session, the id of the conversation, or the trace. */
  name: z.string(),
  isComplete: z.boolean(),
  /** Spans came after it was complete. */
  isReopened: z.boolean(),
  startedWallMs: z.number(),
  services: z.array(z.string()),
  spans: z.int(),
  logs: z.int(),
  /** Records that were not kept, because there were too many. */
  droppedSpans: z.int(),
  droppedLogs: z.int(),
  turns: z.int(),
  toolCalls: z.int(),
  /** Null where no call of a model tells. */
  tokens: z.object({ input: z.number(), output: z.number() }).nullable(),
  /** The run that it was kept as. */
  runId: z.string().nullable(),
});
export type SessionSummary = z.infer<typeof sessionSummary>;

/** Where agents and containers send their spans. */
const telemetryAddresses = z.object({
  /** Null while nothing is received. */
  http: z.string().nullable(),
  grpc: z.string().nullable(),
  /** For containers of the open project, over HTTP. */
  containers: z.array(z.string()),
  needsToken: z.boolean(),
  problem: z.string().nullable(),
});

export const sessionList = z.object({
  /** The newest first. */
  sessions: z.array(sessionSummary),
  limitReached: z.string().nullable(),
  addresses: telemetryAddresses,
  /** Since the lab started, of runs and sessions. */
  received: z.object({
    spans: z.int(),
    logs: z.int(),
    /** Data points of metrics, which are not kept. */
    points: z.int(),
    /** Requests that could not be read, and records that were not taken. */
    refused: z.int(),
    rejected: z.int(),
  }),
});
export type SessionList = z.infer<typeof sessionList>;

const toolUse = z.object({ name: z.string(), arguments: z.unknown(), response: z.string().nullable() });
export const sessionDetail = z.object({
  ...sessionSummary.shape,
  conversation: z.array(
    z.object({ id: z.string(), userText: z.string(), toolUses: z.array(toolUse), finalResponse: z.string() }),
  ),
  /** What could not be understood of its spans. */
  warnings: z.array(z.string()),
});
export type SessionDetail = z.infer<typeof sessionDetail>;

export const sessionRequest = z.strictObject({ id });
export const sessionEvaluationRequest = z.strictObject({
  id,
  /** The text of a file in the Agent Development Kit's format. */
  evalSet: z.string().max(4_000_000),
  /** The least score that passes. */
  threshold: z.number().min(0).max(1).default(0.5),
  match: z.enum(["EXACT", "IN_ORDER", "ANY_ORDER"]).default("EXACT"),
});
export const sessionEvaluation = z.object({
  metrics: z.array(
    z.object({
      metric: z.string(),
      score: z.number().nullable(),
      status: z.enum(["passed", "failed", "errored"]),
      error: z.string().nullable(),
    }),
  ),
  warnings: z.array(z.string()),
});
export type SessionEvaluation = z.infer<typeof sessionEvaluation>;
