import { z } from "zod";
import { METRICS, TRAJECTORY_MATCHES } from "../model/evaluation.ts";
import { runId } from "./runs.ts";

/** A trace file in the history. */
export const openedTrace = z.object({
  runId: z.string(),
  title: z.string(),
  spans: z.int(),
  traces: z.int(),
  problems: z.array(z.string()),
  /** It was in the history already, by its content. */
  isAlreadyHere: z.boolean(),
});
export type OpenedTrace = z.infer<typeof openedTrace>;

export const traceUploadRequest = z.strictObject({ upload: z.uuid() });

export const pullTraceRequest = z.strictObject({
  /** Of a Jaeger or a Tempo, as a person names it. */
  address: z.string().min(1).max(2_000),
  traceId: z.string().min(1).max(64),
});

export const EVALUATED_RUNS = 50;
export const evaluateRequest = z.strictObject({
  /** Traces, and runs that have ended. */
  runIds: z.array(runId).min(1).max(EVALUATED_RUNS),
  /** An uploaded eval set; null for metrics that need none. */
  evalSet: z.uuid().nullable(),
  metrics: z
    .array(z.strictObject({ name: z.enum(METRICS), threshold: z.number().optional() }))
    .min(1)
    .max(METRICS.length),
  match: z.enum(TRAJECTORY_MATCHES).default("EXACT"),
});
export type EvaluateRequest = z.input<typeof evaluateRequest>;
/** The evaluation's own entry in the history. */
export const evaluationStored = z.object({ runId: z.string(), outcome: z.string() });
