import { writeFile } from "node:fs/promises";
import type {
  ExportPreview,
  ExportResult,
  ImportResult,
  RunFileFormat,
  RunsReportFormat,
  Upload,
  VerifyResult,
} from "../../../contract/bundles.ts";
import { exportBundle, importBundle, previewExport, verifyBundle } from "../../bundles/index.ts";
import { exportReport } from "../../exports/export-report.ts";
import { exportRunFile, type RunFile } from "../../exports/export-run-file.ts";
import type { RunStore } from "../../history/run-store.ts";

/** How a host gets files to a person and from one. */
export interface HostFiles {
  /** Where to write, by the person's choice or by the host's; undefined when the person wants none after all. */
  open(fileName: string): Promise<OutgoingFile | undefined>;
  /** A file that the person chooses; null for none. @throws LabError `unsupported` where the host has no dialog */
  choose(what: "bundle" | "trace"): Promise<Upload | null>;
  /** The path of a compose file that the person chooses; undefined for none. @throws as {@link choose} */
  chooseStack(): Promise<string | undefined>;
  /** What was uploaded or chosen. @throws LabError when it is no longer held */
  find(upload: string): { file: string; fileName: string };
}

export interface OutgoingFile {
  file: string;
  /** The bundle is whole: what the page is told. */
  done(bytes: number): ExportResult;
}

/** Bundles out of the history and into it. */
export class BundleService {
  readonly #history: RunStore;
  readonly #onImported: () => void;

  constructor(history: RunStore, onImported: () => void) {
    this.#history = history;
    this.#onImported = onImported;
  }

  preview(runIds: readonly string[], signal: AbortSignal | undefined): Promise<ExportPreview> {
    return previewExport(this.#history, runIds, signal);
  }

  async export(runIds: readonly string[], files: HostFiles, signal: AbortSignal | undefined): Promise<ExportResult> {
    const outgoing = await files.open(await this.#nameFor(runIds));
    if (outgoing === undefined) return { kind: "cancelled" };
    const { file } = outgoing;
    const history = this.#history;
    const { bytes } = await exportBundle({ history, runIds, file, ...(signal === undefined ? {} : { signal }) });
    return outgoing.done(bytes);
  }

  async exportFile(
    runId: string,
    format: RunFileFormat,
    files: HostFiles,
    signal: AbortSignal | undefined,
  ): Promise<ExportResult> {
    return save(await exportRunFile(this.#history, runId, format, signal), files);
  }

  async exportReport(
    runIds: readonly string[],
    format: RunsReportFormat,
    files: HostFiles,
    signal: AbortSignal | undefined,
  ): Promise<ExportResult> {
    return save(await exportReport(this.#history, runIds, format, signal), files);
  }

  async verify(upload: string, files: HostFiles, signal: AbortSignal | undefined): Promise<VerifyResult> {
    const { file } = files.find(upload);
    const verified = await verifyBundle(file, { host: "window", ...(signal === undefined ? {} : { signal }) });
    const { isValid, problems, runs, viewerDiffers } = verified;
    return { isValid, problems, runs, viewerDiffers: viewerDiffers === true };
  }

  async import(upload: string, files: HostFiles, signal: AbortSignal | undefined): Promise<ImportResult> {
    const history = this.#history;
    history.assertWritable();
    const { file, fileName } = files.find(upload);
    const result = await importBundle({ history, file, fileName, ...(signal === undefined ? {} : { signal }) });
    if (result.imported.length > 0) this.#onImported();
    return { ...result, viewerDiffers: result.viewerDiffers === true };
  }

  /** `approval-timeout-1f0c3b9a.zip`, or how many runs there are. */
  async #nameFor(runIds: readonly string[]): Promise<string> {
    const [only, ...others] = runIds;
    if (only === undefined || others.length > 0) return `resilience-lab-${runIds.length}-runs.zip`;
    const { scenarioId } = await this.#history.get(only);
    return `${scenarioId}-${only.slice(0, 8)}.zip`;
  }
}

async function save({ fileName, text }: RunFile, files: HostFiles): Promise<ExportResult> {
  const outgoing = await files.open(fileName);
  if (outgoing === undefined) return { kind: "cancelled" };
  await writeFile(outgoing.file, text, { mode: 0o600 });
  return outgoing.done(Buffer.byteLength(text));
}
