import { basename } from "node:path";
import type { LabEvent } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import type { Arrivals, RunStore } from "../history/run-store.ts";
import { type BundleLimits, LIMITS } from "./format.ts";
import { type BundleRun, type BundleSink, readBundle } from "./read-bundle.ts";
import { SameRun } from "./same-run.ts";

export interface ImportRequest {
  history: RunStore;
  file: string;
  /** Name of the file in messages, where it differs from its path. */
  fileName?: string;
  signal?: AbortSignal;
  /** Unpacked bytes. */
  onProgress?: (done: number, total: number) => void;
  limits?: BundleLimits;
}

export interface Imported {
  imported: { runId: string; scenarioTitle: string }[];
  /** Runs that already exist, unchanged. */
  alreadyHere: string[];
  /** See ReadResult. */
  viewerDiffers: boolean | undefined;
}

/**
 * Imports the runs of a bundle into the history: all of them if every byte and every event is valid, else none. A run that
 * already exists is left unchanged; one with the same id and different content is a conflict.
 * @throws BundleProblem for a refused bundle; the signal's reason when cancelled
 */
export async function importBundle(request: ImportRequest): Promise<Imported> {
  const { history, file, signal = new AbortController().signal, onProgress = () => {}, limits = LIMITS } = request;
  const arrivals = history.arrivals();
  try {
    const importing = new Importing(history, arrivals);
    const { viewerDiffers } = await readBundle({ file, limits, signal, onBytes: onProgress }, importing);
    signal.throwIfAborted();
    if (importing.imported.length > 0) {
      await arrivals.commit(request.fileName ?? basename(file), Date.now(), signal);
    }
    return { imported: importing.imported, alreadyHere: importing.alreadyHere, viewerDiffers };
  } finally {
    await arrivals.close();
  }
}

class Importing implements BundleSink {
  readonly imported: { runId: string; scenarioTitle: string }[] = [];
  readonly alreadyHere: string[] = [];
  readonly #history: RunStore;
  readonly #arrivals: Arrivals;
  #same: SameRun | undefined;

  constructor(history: RunStore, arrivals: Arrivals) {
    this.#history = history;
    this.#arrivals = arrivals;
  }

  async begin(run: BundleRun): Promise<void> {
    const { record, scenario, stack, annotations } = run;
    const existing = await this.#history.has(record.id);
    this.#same = existing ? await SameRun.compare(this.#history, run) : undefined;
    if (existing) {
      this.alreadyHere.push(record.id);
      return;
    }
    this.imported.push({ runId: record.id, scenarioTitle: record.scenarioTitle });
    const { events: _events, ...of } = record;
    this.#arrivals.begin({
      ...of,
      annotations,
      scenarioSource: scenario,
      ...(stack === undefined ? {} : { stackSource: stack }),
    });
  }

  take(event: LabEvent): Promise<void> | undefined {
    return this.#same === undefined ? this.#arrivals.stage(event) : this.#same.take(event);
  }

  /** Of a run that exists already, its own is kept: more may have arrived since the export. */
  takeTelemetry(record: TelemetryRecord): Promise<void> | undefined {
    return this.#same === undefined ? this.#arrivals.stageTelemetry(record) : undefined;
  }

  async end(): Promise<void> {
    await this.#same?.end();
  }
}
