import type { ExportPreview, ExportResult, ImportResult, Upload, VerifyResult } from "../../../contract/bundles.ts";
import { exportBundle, importBundle, previewExport, verifyBundle } from "../../bundles/index.ts";
import type { EngineService } from "../engine-service.ts";

/** How a host gets files to a person and from one. */
export interface HostFiles {
  /** Where to write, by the person's choice or by the host's; undefined when the person wants none after all. */
  open(fileName: string): Promise<OutgoingFile | undefined>;
  /** A file that the person chooses; null for none. @throws LabError `unsupported` where the host has no dialog */
  choose(): Promise<Upload | null>;
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
  readonly #service: EngineService;
  readonly #files: HostFiles;

  constructor(service: EngineService, files: HostFiles) {
    this.#service = service;
    this.#files = files;
  }

  preview(runIds: readonly string[], signal: AbortSignal | undefined): Promise<ExportPreview> {
    return previewExport(this.#service.lab.history, runIds, signal);
  }

  async export(runIds: readonly string[], signal: AbortSignal | undefined): Promise<ExportResult> {
    const { history } = this.#service.lab;
    const outgoing = await this.#files.open(await this.#nameFor(runIds));
    if (outgoing === undefined) return { kind: "cancelled" };
    const { file } = outgoing;
    const { bytes } = await exportBundle({ history, runIds, file, ...(signal === undefined ? {} : { signal }) });
    return outgoing.done(bytes);
  }

  choose(): Promise<Upload | null> {
    return this.#files.choose();
  }

  async verify(upload: string, signal: AbortSignal | undefined): Promise<VerifyResult> {
    const { file } = this.#files.find(upload);
    const verified = await verifyBundle(file, signal === undefined ? {} : { signal });
    return { isValid: verified.isValid, problems: verified.problems, runs: verified.runs };
  }

  async import(upload: string, signal: AbortSignal | undefined): Promise<ImportResult> {
    const { history } = this.#service.lab;
    history.assertWritable();
    const { file, fileName } = this.#files.find(upload);
    const result = await importBundle({ history, file, fileName, ...(signal === undefined ? {} : { signal }) });
    if (result.imported.length > 0) this.#service.historyChanged();
    return result;
  }

  /** `approval-timeout-1f0c3b9a.zip`, or how many runs there are. */
  async #nameFor(runIds: readonly string[]): Promise<string> {
    const [only, ...others] = runIds;
    if (only === undefined || others.length > 0) return `resilience-lab-${runIds.length}-runs.zip`;
    const { scenarioId } = await this.#service.history.get(only);
    return `${scenarioId}-${only.slice(0, 8)}.zip`;
  }
}
