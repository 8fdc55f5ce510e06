import { z } from "zod";
import { annotationChange, runAnnotations } from "../model/annotations.ts";
import type { RunSamples } from "../model/call-statistics.ts";
import { type LabEvent, OUTCOMES } from "../model/lab-event.ts";
import { SUMMARY_LANES } from "../model/lanes.ts";
import { batchPlace, RUN_KINDS, runId } from "./runs.ts";

export const runSummary = z.object({
  id: z.string(),
  /**
   * `manual`: faults that a person applied, outside any scenario. `trace`: a trace without a run. `evaluation`: of traces and
   * runs.
   */
  kind: z.enum(RUN_KINDS),
  scenarioId: z.string(),
  scenarioTitle: z.string(),
  driver: z.string(),
  without: z.array(z.string()),
  /** Null while the run is in progress. */
  outcome: z.enum(OUTCOMES).nullable(),
  reason: z.string().nullable(),
  startedWallMs: z.number(),
  durationMs: z.number().nullable(),
  pinned: z.boolean(),
  /** The bundle file it was imported from; null for a run of this lab. */
  importedFrom: z.string().nullable(),
  /** Recorded without redaction, as requested. It cannot be exported. */
  raw: z.boolean(),
  /** What happened, in one sentence; null while the run is in progress, and for one with too many events to read for it. */
  headline: z.string().nullable(),
  /** What persons wrote on it. */
  annotations: runAnnotations,
  /** Null for a run that was requested alone, and for an imported one. */
  batch: batchPlace.nullable(),
});
export type RunSummary = z.infer<typeof runSummary>;

const word = z.string().max(200);
export const historyFilter = z.strictObject({
  scenarioId: word.optional(),
  outcome: z.enum(OUTCOMES).optional(),
  driver: word.optional(),
  /** In the title, the scenario's id, the run's id, the reason, its name, tags or notes; case-insensitive. */
  text: word.optional(),
  pinned: z.boolean().optional(),
  /** Runs that have this tag. */
  tag: word.optional(),
  /** Runs that were requested together. */
  batchId: word.optional(),
  limit: z.int().min(1).max(500).default(50),
  /** Only runs older than this one: the last run of the previous page. */
  before: runId.optional(),
});
export type HistoryFilter = z.input<typeof historyFilter>;

export const historyPage = z.object({
  runs: z.array(runSummary),
  hasMore: z.boolean(),
  /** Runs that match the filter, over all pages. */
  matching: z.int(),
  retention: z.object({
    /** Total number of runs kept. */
    runs: z.int(),
    pinned: z.int(),
    /** The oldest beyond this many are deleted, pinned ones never. */
    limit: z.int(),
    bytes: z.int(),
  }),
});
export type HistoryPage = z.infer<typeof historyPage>;

export const runIdRequest = z.strictObject({ runId });
export const runDetail = z.object({
  ...runSummary.omit({ headline: true }).shape,
  /** The scenario as it was written when it ran. */
  source: z.string(),
  events: z.int(),
  /** The last event's number and time in the run. */
  lastSeq: z.int(),
  lastMs: z.number(),
});
export type RunDetail = z.infer<typeof runDetail>;

export const EVENT_PAGE_LIMIT = 2_000;
export const eventPageRequest = z.strictObject({
  runId,
  /** Events after this number; 0 for the first page. */
  afterSeq: z.int().min(0).default(0),
  limit: z.int().min(1).max(EVENT_PAGE_LIMIT).default(500),
  /** Only these types, such as `service.log` for the log reader. */
  types: z.array(z.string().max(40)).max(20).optional(),
  /** Only of this service. */
  service: word.optional(),
});
/** Not checked again on the way out: events were checked when they were written, and pages are read by the thousand. */
export interface EventPage {
  events: LabEvent[];
  hasMore: boolean;
  /** Events up to this number are on disk; what follows could not be written yet. */
  savedSeq: number;
}

export const SAMPLED_RUNS = 100;
export const samplesRequest = z.strictObject({ runIds: z.array(runId).min(1).max(SAMPLED_RUNS) });
/** What runs are compared by, each run's own. Made by the lab from its events, so not checked again on the way out. */
export interface SampledRun {
  run: Omit<RunSummary, "headline">;
  samples: RunSamples;
}

export const deleteRequest = z.strictObject({ runIds: z.array(runId).min(1).max(500) });
export const deleteReport = z.object({
  deleted: z.int(),
  /** Pinned runs and runs in progress are kept; the reason for each. */
  kept: z.array(z.object({ runId: z.string(), because: z.string() })),
});
export type DeleteReport = z.infer<typeof deleteReport>;
export const pinRequest = z.strictObject({ runId, pinned: z.boolean() });

export const annotateRequest = z.strictObject({ runId, change: annotationChange });

export const LANE_BUCKETS = 240;
/** A lane of a run, before any of its events is loaded: enough to draw where something happened. */
export const laneSummary = z.object({
  runId: z.string(),
  lastSeq: z.int(),
  lastMs: z.number(),
  /** Width of a bucket; there are at most {@link LANE_BUCKETS}. */
  bucketMs: z.number(),
  lanes: z.array(
    z.object({
      /** `health` and `logs` have a lane for each service, `calls` one for each decision; the others one. */
      lane: z.enum(SUMMARY_LANES),
      /** The service or the decision; empty for lanes without. */
      name: z.string(),
      events: z.int(),
      firstMs: z.number(),
      lastMs: z.number(),
      /** [bucket, events] for buckets that have some. */
      buckets: z.array(z.tuple([z.int(), z.int()])),
    }),
  ),
});
export type LaneSummary = z.infer<typeof laneSummary>;
