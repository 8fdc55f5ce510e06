import { z } from "zod";
import { runId } from "./runs.ts";

/** A file given to the host by upload or by its open dialog: the page never names a path. */
export const upload = z.object({ upload: z.string(), fileName: z.string(), bytes: z.int() });
export type Upload = z.infer<typeof upload>;

export const exportRequest = z.strictObject({ runIds: z.array(runId).min(1).max(200) });
/** What one run is exported as besides a bundle: the viewer of it, and formats of other tools. */
export const RUN_FILE_FORMATS = ["html", "otlp", "jaeger", "har", "csv"] as const;
export type RunFileFormat = (typeof RUN_FILE_FORMATS)[number];
export const RUN_FILE_LABELS: Readonly<Record<RunFileFormat, string>> = {
  html: "HTML (a viewer that opens without a lab)",
  otlp: "OTLP JSON (a trace a turn)",
  jaeger: "Jaeger JSON (a trace a turn)",
  har: "HAR (calls on links)",
  csv: "CSV (calls and decisions)",
};
export const runFileRequest = z.strictObject({ runId, format: z.enum(RUN_FILE_FORMATS) });

/** Formats of one report of several runs. */
export const RUNS_REPORT_FORMATS = ["junit", "markdown"] as const;
export type RunsReportFormat = (typeof RUNS_REPORT_FORMATS)[number];
export const runsReportRequest = z.strictObject({
  runIds: z.array(runId).min(1).max(200),
  format: z.enum(RUNS_REPORT_FORMATS),
});

/** What an export would redact, and what in it looks like a secret that no rule matches. */
export const exportPreview = z.object({
  /** How often each kind is redacted. */
  redacted: z.record(z.string(), z.int().positive()),
  suspicious: z.array(
    z.object({
      runId: z.string(),
      /** The event's number; null for one of the run's files. */
      seq: z.int().nullable(),
      where: z.string(),
      /** Its first characters and its length. */
      what: z.string(),
    }),
  ),
  /** How many more there are. */
  suspiciousMore: z.int(),
});
export type ExportPreview = z.infer<typeof exportPreview>;
export const exportResult = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("saved"), fileName: z.string(), bytes: z.int() }),
  z.object({ kind: z.literal("cancelled") }),
  /** `address` is on this host; it works once and for a short time. */
  z.object({ kind: z.literal("download"), fileName: z.string(), bytes: z.int(), address: z.string() }),
]);
export type ExportResult = z.infer<typeof exportResult>;

export const uploadRequest = z.strictObject({ upload: z.uuid() });
export const importResult = z.object({
  imported: z.array(z.object({ runId: z.string(), scenarioTitle: z.string() })),
  /** Runs that the history already has; unchanged. */
  alreadyHere: z.array(z.string()),
  /** The viewer in the bundle is another one than this lab would write; the lab does not open it. */
  viewerDiffers: z.boolean(),
});
export type ImportResult = z.infer<typeof importResult>;
export const verifyResult = z.object({
  isValid: z.boolean(),
  problems: z.array(z.string()),
  runs: z.array(z.object({ runId: z.string(), scenarioTitle: z.string(), outcome: z.string() })),
  viewerDiffers: z.boolean(),
});
export type VerifyResult = z.infer<typeof verifyResult>;
