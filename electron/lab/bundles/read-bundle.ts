import { createHash } from "node:crypto";
import { TextDecoder } from "node:util";
import { NO_ANNOTATIONS, type RunAnnotations, runAnnotations } from "../../model/annotations.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { type TelemetryRecord, telemetryRecord } from "../../model/telemetry.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import { checked, parsedJson } from "./checked-json.ts";
import {
  type BundleLimits,
  DEPTH_LIMIT,
  FORMAT_VERSION,
  isTooDeep,
  MANIFEST_PATH,
  type Manifest,
  type ManifestEntry,
  manifest,
  manifestHead,
  RUN_FILES,
  type RunRecord,
  runPath,
  runRecord,
  VIEWER_PATH,
} from "./format.ts";
import { openBundle } from "./open-bundle.ts";
import { ViewerCopy } from "./recorded-viewer.ts";
import { RunChecker } from "./run-checker.ts";
import { readViewerBuild, type ViewerBuild } from "./viewer/viewer-build.ts";

/** One run of a bundle as it is read: its input files first, then its events in their order. */
export interface BundleRun {
  record: RunRecord;
  scenario: string;
  stack: string | undefined;
  annotations: RunAnnotations;
}

/** Receives what is read. Nothing is known to be valid before the whole bundle was read without an error. */
export interface BundleSink {
  begin(run: BundleRun): Promise<void>;
  /** A returned promise resolves when more may be passed. */
  take(event: LabEvent): Promise<void> | undefined;
  /** A span or a log record of the run, after its events. */
  takeTelemetry(record: TelemetryRecord): Promise<void> | undefined;
  end(): Promise<void>;
}

export interface ReadRequest {
  file: string;
  limits: BundleLimits;
  /** What the viewer in the bundle is compared with: by default the one that was built with this lab, if one was. */
  viewer?: ViewerBuild;
  signal: AbortSignal;
  /** Unpacked bytes. */
  onBytes: (done: number, total: number) => void;
}

export interface ReadResult {
  manifest: Manifest;
  /**
   * The viewer in the bundle is not the one that this lab would write: another version wrote it, or someone changed it.
   * Undefined where there is none, or none to compare with.
   */
  viewerDiffers: boolean | undefined;
}

/**
 * Reads and validates a whole bundle: the zip's directory, the manifest and every event. Every declared byte is read and
 * hashed; memory does not grow with the bundle.
 * @throws BundleProblem naming the first problem
 */
export async function readBundle(request: ReadRequest, sink: BundleSink): Promise<ReadResult> {
  const source = await openBundle(request.file, request.limits, request.signal);
  try {
    return await new Reading(source, request).read(sink);
  } finally {
    await source.close();
  }
}

class Reading {
  readonly #source: BundleSource;
  readonly #request: ReadRequest;
  readonly #declared = new Map<string, ManifestEntry>();
  #copy: ViewerCopy | undefined;
  #bytes = 0;

  constructor(source: BundleSource, request: ReadRequest) {
    this.#source = source;
    this.#request = request;
  }

  async read(sink: BundleSink): Promise<ReadResult> {
    const read = await this.#readManifest();
    this.#declare(read);
    const viewer = this.#declared.get(VIEWER_PATH);
    const own = viewer && (this.#request.viewer ?? (await readViewerBuild()));
    this.#copy = own && new ViewerCopy(own, read.runs.length);
    for (const run of read.runs) await this.#readRun(run, sink);
    // Reports, logs and the like are not stored, but damage in them makes the whole bundle untrustworthy.
    const rest = new Set(this.#declared.keys());
    for (const path of rest) for await (const _ of this.#verified(path));
    const ownSha256 = await this.#copy?.sha256();
    return { manifest: read, viewerDiffers: ownSha256 === undefined ? undefined : ownSha256 !== viewer?.sha256 };
  }

  async #readManifest(): Promise<Manifest> {
    if (!this.#source.paths.has(MANIFEST_PATH)) {
      throw new BundleProblem("not a bundle", `it has no ${MANIFEST_PATH}`, {
        hint: {
          terminal: "give a file that `bundle export` wrote",
          window: "choose a file that Export on the History page, or `bundle export`, wrote",
        },
      });
    }
    const value = parsedJson(
      await this.#document(this.#counted(MANIFEST_PATH), MANIFEST_PATH),
      MANIFEST_PATH,
      "bad manifest",
    );
    const head = checked(manifestHead, value, MANIFEST_PATH, "bad manifest");
    if (head.formatVersion > FORMAT_VERSION) {
      throw new BundleProblem(
        "newer format",
        `it was made by a newer Resilience Lab (format ${head.formatVersion}, this one reads up to ${FORMAT_VERSION})`,
        { hint: "update Resilience Lab, or export the run again with this version" },
      );
    }
    return checked(manifest, value, MANIFEST_PATH, "bad manifest");
  }

  /** Checks that every declared entry exists once, and no other. */
  #declare({ entries, runs }: Manifest): void {
    const { paths } = this.#source;
    if (runs.length > this.#request.limits.runs) {
      throw new BundleProblem(
        "too large",
        `it has ${runs.length} runs, and at most ${this.#request.limits.runs} are read`,
      );
    }
    for (const entry of entries) {
      if (this.#declared.has(entry.path)) throw new BundleProblem("duplicate entry", `${entry.path} is declared twice`);
      if (entry.path === MANIFEST_PATH) throw new BundleProblem("bad manifest", "the manifest declares itself");
      if (!paths.has(entry.path)) throw new BundleProblem("missing entry", `${entry.path} is declared but missing`);
      this.#declared.set(entry.path, entry);
    }
    for (const path of paths) {
      if (path === MANIFEST_PATH || this.#declared.has(path)) continue;
      throw new BundleProblem("undeclared entry", `${path} is not declared`);
    }
    const ids = new Set(runs.map(({ id }) => id));
    if (ids.size < runs.length) throw new BundleProblem("bad manifest", "a run is declared twice");
  }

  async #readRun(declared: Manifest["runs"][number], sink: BundleSink): Promise<void> {
    const path = runPath(declared.id, RUN_FILES.run);
    const record = checked(runRecord, parsedJson(await this.#text(path), path, "bad run"), path, "bad run");
    for (const field of ["id", "scenarioId", "scenarioTitle", "outcome", "events"] as const) {
      if (record[field] !== declared[field])
        throw new BundleProblem("bad run", `${path}: its ${field} is not the manifest's`);
    }
    if (record.events > this.#request.limits.eventsPerRun) {
      const limit = this.#request.limits.eventsPerRun;
      throw new BundleProblem(
        "too large",
        `run ${record.id} has ${record.events} events, and at most ${limit} are read`,
      );
    }
    const stackPath = runPath(record.id, RUN_FILES.stack);
    const stack = this.#declared.has(stackPath) ? await this.#text(stackPath) : undefined;
    const scenario = await this.#text(runPath(record.id, RUN_FILES.scenario));
    const annotations = await this.#readAnnotations(record.id);
    await sink.begin({ record, scenario, stack, annotations });
    await this.#copy?.beginRun(record, annotations);
    const follow = new RunChecker(record);
    const eventsPath = runPath(record.id, RUN_FILES.events);
    for await (const lines of this.#lines(eventsPath)) {
      for (const line of lines) {
        const event = follow.next(line, eventsPath);
        const full = sink.take(event);
        if (full !== undefined) await full;
        const copied = this.#copy?.event(event, line);
        if (copied !== undefined) await copied;
      }
    }
    follow.end(eventsPath);
    await this.#copy?.endEvents();
    await this.#readTelemetry(record.id, sink);
    await this.#copy?.endRun();
    await sink.end();
  }

  /** Bundles of runs without any have no such file. */
  async #readAnnotations(id: string): Promise<RunAnnotations> {
    const path = runPath(id, RUN_FILES.annotations);
    if (!this.#declared.has(path)) return NO_ANNOTATIONS;
    return checked(runAnnotations, parsedJson(await this.#text(path), path, "bad run"), path, "bad run");
  }

  /** Bundles of runs without any have no such file. */
  async #readTelemetry(id: string, sink: BundleSink): Promise<void> {
    const path = runPath(id, RUN_FILES.telemetry);
    if (!this.#declared.has(path)) return;
    const limit = this.#request.limits.telemetryPerRun;
    let count = 0;
    for await (const lines of this.#lines(path)) {
      for (const line of lines) {
        const location = `${path}:${++count}`;
        if (count > limit) throw new BundleProblem("too large", `${path} has more than ${limit} records`);
        const value = parsedJson(line, location, "bad telemetry");
        if (isTooDeep(value, line)) {
          throw new BundleProblem("bad telemetry", `${location}: it is nested more than ${DEPTH_LIMIT} deep`);
        }
        await this.#copy?.telemetry(line);
        const full = sink.takeTelemetry(checked(telemetryRecord, value, location, "bad telemetry"));
        if (full !== undefined) await full;
      }
    }
  }

  #text(path: string): Promise<string> {
    return this.#document(this.#verified(path), path);
  }

  async #document(chunks: AsyncIterable<Buffer>, path: string): Promise<string> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > this.#request.limits.documentBytes) {
        throw new BundleProblem("too large", `${path} has more than ${this.#request.limits.documentBytes} bytes`);
      }
      parts.push(chunk);
    }
    return decoded(new TextDecoder("utf-8", { fatal: true }), path, Buffer.concat(parts));
  }

  /** Complete lines of an entry, in batches. */
  async *#lines(path: string): AsyncGenerator<string[]> {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const { lineChars } = this.#request.limits;
    let rest = "";
    for await (const chunk of this.#verified(path)) {
      const lines = (rest + decoded(decoder, path, chunk)).split("\n");
      if (lines.some(({ length }) => length > lineChars)) {
        throw new BundleProblem("too large", `${path} has a line of more than ${lineChars} characters`);
      }
      rest = lines.pop() ?? "";
      yield lines;
    }
    rest += decoded(decoder, path);
    if (rest !== "") yield [rest];
  }

  /** The bytes of a declared entry. @throws BundleProblem at their end when size or hash differ from the manifest */
  async *#verified(path: string): AsyncGenerator<Buffer> {
    const entry = this.#declared.get(path);
    if (entry === undefined) throw new BundleProblem("missing entry", `${path} is not declared, and a run needs it`);
    this.#declared.delete(path);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of this.#counted(path)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes !== entry.bytes) {
      throw new BundleProblem("wrong size", `${path} has ${bytes} bytes and should have ${entry.bytes}`);
    }
    if (hash.digest("hex") !== entry.sha256) {
      throw new BundleProblem("wrong hash", `${path} was changed after the export: its SHA-256 differs`);
    }
  }

  async *#counted(path: string): AsyncGenerator<Buffer> {
    const { signal, onBytes } = this.#request;
    for await (const chunk of this.#source.read(path)) {
      signal.throwIfAborted();
      this.#bytes += chunk.length;
      onBytes(this.#bytes, this.#source.totalBytes);
      yield chunk;
    }
    signal.throwIfAborted();
  }
}

function decoded(decoder: TextDecoder, path: string, chunk?: Buffer): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (error) {
    throw new BundleProblem("bad event", `${path} is not valid UTF-8`, { cause: error });
  }
}
