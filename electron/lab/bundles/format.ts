import { z } from "zod";
import { OUTCOMES } from "../../model/lab-event.ts";

/**
 * The format of a bundle: a zip with `manifest.json`, and a folder for each run. Only the files that an import reads are
 * named here; the others (reports, logs, trace) are for people and other tools, and are generated from the events. The
 * hashes detect damage, not forgery: whoever can write the file can write its manifest.
 */
export const BUNDLE_FORMAT = "resilience-lab bundle";
export const FORMAT_VERSION = 1;

export const MANIFEST_PATH = "manifest.json";
/** The viewer of all runs of the bundle, which opens from a disk. */
export const VIEWER_PATH = "index.html";
export const RUN_FILES = {
  run: "run.json",
  events: "events.ndjson",
  scenario: "scenario.yaml",
  /** Name, tags and notes; of a run that has some. */
  annotations: "annotations.json",
  stack: "stack.yaml",
  decisions: "decisions.json",
  trace: "trace.otlp.json",
  telemetry: "telemetry.ndjson",
  junit: "junit.xml",
} as const;

/** A UUID, as the lab generates it and its contract accepts it. It becomes a folder name in the zip. */
const runId = z.uuid({ error: "the id of a run is a UUID" });

export function runPath(id: string, file: string): string {
  return `runs/${id}/${file}`;
}

/** Limits for reading, and so for writing. Memory only grows with the last two. */
export interface BundleLimits {
  fileBytes: number;
  entries: number;
  entryBytes: number;
  totalBytes: number;
  /** Maximum compression ratio of entries larger than `denseBytes`. */
  ratio: number;
  denseBytes: number;
  runs: number;
  eventsPerRun: number;
  /** Spans and logs that services sent. */
  telemetryPerRun: number;
  lineChars: number;
  /** Size of files that are read into memory: the manifest, a run's record, its scenario, its stack file. */
  documentBytes: number;
}

const MIB = 1024 * 1024;
export const LIMITS: BundleLimits = {
  fileBytes: 1024 * MIB,
  entries: 20_000,
  entryBytes: 2048 * MIB,
  totalBytes: 4096 * MIB,
  ratio: 200,
  denseBytes: 16 * MIB,
  runs: 200,
  eventsPerRun: 2_000_000,
  telemetryPerRun: 500_000,
  lineChars: 8 * MIB,
  documentBytes: 8 * MIB,
};
/** Maximum nesting of arguments and outputs, which are walked recursively. */
export const DEPTH_LIMIT = 1_000;

/** @param line the JSON of the value: a short one cannot be deep, and most are short */
export function isTooDeep(value: unknown, line: string): boolean {
  if (line.length < 2 * DEPTH_LIMIT) return false;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_LIMIT) return true;
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}

export const manifestHead = z.object({ format: z.literal(BUNDLE_FORMAT), formatVersion: z.int().positive() });

export const manifest = z.strictObject({
  ...manifestHead.shape,
  createdBy: z.string(),
  runs: z
    .array(
      z.strictObject({
        id: runId,
        scenarioId: z.string(),
        scenarioTitle: z.string(),
        outcome: z.enum(OUTCOMES),
        events: z.int().positive(),
      }),
    )
    .min(1),
  /** How often each kind of secret is redacted. */
  redacted: z.record(z.string(), z.int().positive()),
  /** Every file of the bundle except this one. */
  entries: z.array(
    z.strictObject({
      path: z.string(),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof manifest>;
export type ManifestEntry = Manifest["entries"][number];

/** The content of `run.json`; everything else of a run is in its events. */
export const runRecord = z.strictObject({
  id: runId,
  scenarioId: z.string().max(200),
  scenarioTitle: z.string().max(1_000),
  driver: z.string().max(50),
  without: z.array(z.string().max(200)).max(100),
  outcome: z.enum(OUTCOMES),
  reason: z.string(),
  startedWallMs: z.int().min(0).max(8.64e15),
  durationMs: z.number().min(0).max(1e11),
  events: z.int().positive(),
});
export type RunRecord = z.infer<typeof runRecord>;
