import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RunStore, StoredRun } from "../history/run-store.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { LAB_VERSION } from "../version.ts";
import {
  BUNDLE_FORMAT,
  type BundleLimits,
  FORMAT_VERSION,
  LIMITS,
  MANIFEST_PATH,
  type Manifest,
  VIEWER_PATH,
} from "./format.ts";
import { type EndedRun, exportRun, type RunExport } from "./run-export.ts";
import { readViewerBuild, type ViewerBuild } from "./viewer/viewer-build.ts";
import { ViewerPage } from "./viewer/viewer-page.ts";
import { ZipWriter } from "./zip-writer.ts";

export interface ExportProgress {
  runId: string;
  /** Events written so far, of all runs. */
  events: number;
  /** Number of the run that is being written, of `runs`, from 1. */
  run: number;
  runs: number;
}

export type ExportRequest = {
  history: RunStore;
  /** In any order, with or without duplicates: the bundle has each once, oldest first. */
  runIds: readonly string[];
  signal?: AbortSignal;
  onProgress?: (progress: ExportProgress) => void;
  limits?: BundleLimits;
  /** By default the one that was built with this lab, if one was. */
  viewer?: ViewerBuild;
  // A file is replaced only by a complete bundle; a stream gets nothing until the bundle is complete, and is ended then.
} & ({ file: string } | { stream: Writable });

export interface Exported {
  bytes: number;
  runIds: string[];
  /** How often each kind of secret is redacted. */
  redacted: Record<string, number>;
}

/**
 * Exports runs as one bundle. The same runs give the same bytes, at any time and on any machine.
 * @throws LabError for a run that is in progress, was kept raw or does not exist, and when the file cannot be written; no file is left then
 */
export async function exportBundle(request: ExportRequest): Promise<Exported> {
  const { history, signal = new AbortController().signal } = request;
  const runs = await endedRuns(history, request.runIds);
  const scratchFolder = await mkdtemp(join(tmpdir(), "resilience-lab-export-"));
  const complete = "file" in request ? partialOf(request.file) : join(scratchFolder, "bundle.zip");
  try {
    const redacted = await writeBundle(complete, scratchFolder, runs, { ...request, signal });
    const { size: bytes } = await stat(complete);
    assertReadable(bytes, request.limits ?? LIMITS);
    if ("file" in request) await rename(complete, resolve(request.file));
    else await pipeline(createReadStream(complete), request.stream, { signal });
    return { bytes, runIds: runs.map(({ id }) => id), redacted };
  } catch (error) {
    throw explain(error, "file" in request ? request.file : "the bundle", signal);
  } finally {
    await rm(complete, { force: true });
    await rm(scratchFolder, { recursive: true, force: true });
  }
}

/** Each run once, oldest first. @throws LabError for a run that is in progress, was kept raw or does not exist */
export async function endedRuns(history: RunStore, runIds: readonly string[]): Promise<EndedRun[]> {
  const runs = await Promise.all([...new Set(runIds)].map((id) => history.find(id)));
  if (runs.length === 0) throw new LabError("bad-input", "say which runs to export");
  const unique = [...new Map(runs.map((run) => [run.id, run])).values()];
  assertNoneIsRaw(unique);
  const ended = unique.map((run) => {
    if (hasEnded(run)) return run;
    throw new LabError("precondition", `run ${run.id} is in progress: it can be exported when it has ended`, {
      hint: "wait for it, or cancel it",
    });
  });
  return ended.sort((a, b) => a.startedWallMs - b.startedWallMs || (a.id < b.id ? -1 : 1));
}

/** A raw run has not been redacted, and must not leave this machine. */
function assertNoneIsRaw(runs: readonly StoredRun[]): void {
  const raw = runs.filter((run) => run.raw).map(({ id }) => id);
  if (raw.length === 0) return;
  const which = raw.length === 1 ? `run ${raw[0]} was kept raw` : `runs ${raw.join(", ")} were kept raw`;
  throw new LabError("precondition", `${which}: secrets in it were not redacted, so it cannot be exported`, {
    hint: {
      terminal: "run the scenario again without --raw and export that run",
      window: 'turn "Keep runs raw" off in the settings, run the scenario again and export that run',
    },
  });
}

function hasEnded(run: StoredRun): run is EndedRun {
  return run.outcome !== null && run.reason !== null && run.durationMs !== null;
}

/** Refuses a bundle that could not be imported again. */
function assertReadable(bytes: number, { fileBytes }: BundleLimits): void {
  if (bytes <= fileBytes) return;
  throw new LabError("bad-input", `the bundle would have ${bytes} bytes, and at most ${fileBytes} can be imported`, {
    hint: "export fewer runs at once",
  });
}

function partialOf(file: string): string {
  const path = resolve(file);
  return join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.partial`);
}

type Written = Omit<ExportRequest, "signal"> & { signal: AbortSignal };

async function writeBundle(
  file: string,
  scratchFolder: string,
  runs: readonly EndedRun[],
  { history, signal, onProgress = () => {}, limits = LIMITS, viewer: build }: Written,
): Promise<Record<string, number>> {
  if (runs.length > limits.runs) {
    throw new LabError("bad-input", `a bundle holds ${limits.runs} runs, not ${runs.length}`);
  }
  const zip = new ZipWriter(scratchFolder, limits, signal);
  try {
    const viewer = new ViewerPage(build ?? (await readViewerBuild()), zip.open(VIEWER_PATH), runs.length);
    const exported: RunExport[] = [];
    let before = 0;
    for (const [index, run] of runs.entries()) {
      const position = { runId: run.id, run: index + 1, runs: runs.length };
      const onEvents = (count: number) => onProgress({ ...position, events: before + count });
      const result = await exportRun(run, { history, zip, viewer, limits, signal, onEvents });
      before += result.record.events;
      exported.push(result);
    }
    await viewer.end();
    const manifest = manifestOf(exported, zip);
    zip.add(MANIFEST_PATH, `${JSON.stringify(manifest, null, 2)}\n`);
    await zip.finish(createWriteStream(file, { flush: true }));
    return manifest.redacted;
  } finally {
    zip.abandon();
  }
}

function manifestOf(exported: readonly RunExport[], zip: ZipWriter): Manifest {
  const counts = new Map<string, number>();
  for (const { redacted } of exported) {
    for (const [kind, count] of redacted) counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  return {
    format: BUNDLE_FORMAT,
    formatVersion: FORMAT_VERSION,
    createdBy: `Resilience Lab ${LAB_VERSION}`,
    runs: exported.map(({ record: { id, scenarioId, scenarioTitle, outcome, events } }) => ({
      id,
      scenarioId,
      scenarioTitle,
      outcome,
      events,
    })),
    redacted: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
    entries: zip.declared(),
  };
}

function explain(error: unknown, target: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof LabError || !(error instanceof Error) || !("syscall" in error)) return error;
  return new LabError("bad-input", `${target} cannot be written: ${messageOf(error)}`, {
    hint: "choose another folder, or free some space",
    cause: error,
  });
}
