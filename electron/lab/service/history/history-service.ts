import type { DeleteReport, HistoryPage, SampledRun } from "../../../contract/history.ts";
import type { AnnotationChange, RunAnnotations } from "../../../model/annotations.ts";
import { samplesOf } from "../../../model/call-statistics.ts";
import { RunModel } from "../../../model/run-model.ts";
import type { RunStore } from "../../history/run-store.ts";
import { messageOf } from "../../lab-error.ts";
import { Redactor } from "../../redaction/redactor.ts";
import type { RunFeeds } from "../streams/run-feeds.ts";
import { toHistoryPage, withKind } from "./run-summaries.ts";

export interface HistoryServiceParts {
  store: RunStore;
  feeds: RunFeeds;
  /** Runs beyond it are deleted, the oldest first. */
  limit: () => number;
  /** What is being deleted when it aborts is gone on with at the next start. */
  closing: AbortSignal;
  onChange: () => void;
  notify: (notice: string) => void;
}

async function redactedChange(store: RunStore, runId: string, change: AnnotationChange): Promise<AnnotationChange> {
  const { scenario, stack } = await store.sources(runId);
  const redactor = new Redactor();
  // First, because the secrets of these files are searched for in the text.
  for (const source of [stack, scenario]) if (source !== undefined) redactor.yaml(source);
  if (change.set === "name") return { ...change, name: redactor.text(change.name) };
  if (change.set === "tags") return { ...change, tags: change.tags.map((tag) => redactor.text(tag)) };
  return change.set === "note" ? { ...change, text: redactor.text(change.text) } : change;
}

/** The runs that were recorded: looked through, pinned and deleted, by a person or because there are too many. */
export class HistoryService {
  readonly #parts: HistoryServiceParts;
  #version = 1;
  #trimming: Promise<void> = Promise.resolve();

  constructor(parts: HistoryServiceParts) {
    this.#parts = parts;
  }

  /** Changes when a run began or ended, or runs were deleted, pinned or imported. */
  get version(): number {
    return this.#version;
  }

  get readOnlyBecause(): string | undefined {
    return this.#parts.store.readOnlyBecause;
  }

  async list(filter: Parameters<RunStore["list"]>[0]): Promise<HistoryPage> {
    return toHistoryPage(await this.#parts.store.list(filter), this.#parts.limit());
  }

  async get(runId: string) {
    return withKind(await this.#parts.store.get(runId));
  }

  eventPage(...window: Parameters<RunStore["eventPage"]>): ReturnType<RunStore["eventPage"]> {
    return this.#parts.store.eventPage(...window);
  }

  laneSummary(runId: string): ReturnType<RunStore["laneSummary"]> {
    return this.#parts.store.laneSummary(runId);
  }

  /** One run after the other: only its samples are kept of each. */
  async samples(runIds: readonly string[], signal?: AbortSignal): Promise<SampledRun[]> {
    const { store } = this.#parts;
    const sampled: SampledRun[] = [];
    for (const runId of runIds) {
      const model = new RunModel();
      for await (const event of store.events(runId)) {
        signal?.throwIfAborted();
        model.take(event);
      }
      sampled.push({ run: await this.get(runId), samples: samplesOf(model) });
    }
    return sampled;
  }

  /** Decisions on approvals in every run, newest first. */
  approvals(limit: number, beforeWallMs: number): ReturnType<RunStore["approvals"]> {
    return this.#parts.store.approvals(limit, beforeWallMs);
  }

  async pin(runId: string, pinned: boolean): Promise<void> {
    await this.#parts.store.pin(runId, pinned);
    this.changed();
  }

  /** Secrets in what is written are redacted as in the run, and as far as the run is. */
  async annotate(runId: string, change: AnnotationChange): Promise<RunAnnotations> {
    const { store } = this.#parts;
    const { raw } = await store.find(runId);
    const annotations = await store.annotate(runId, raw ? change : await redactedChange(store, runId, change));
    this.changed();
    return annotations;
  }

  async delete(runIds: readonly string[]): Promise<DeleteReport> {
    const { store, feeds, closing } = this.#parts;
    const { deleted, kept } = await store.delete(runIds, (runId) => feeds.isOn(runId), closing);
    for (const runId of deleted) feeds.forget(runId);
    this.changed();
    return { deleted: deleted.length, kept };
  }

  /** Runs began, ended or were imported. */
  changed(): void {
    this.#version++;
    this.#parts.onChange();
  }

  /**
   * Deletes what is too much, in the background, one pass at a time. A full disk is no reason for the queue to stop: there
   * will be too many runs for a while, and that is said.
   */
  trim(): void {
    const { store, limit, closing, notify } = this.#parts;
    this.#trimming = this.#trimming.then(async () => {
      if (closing.aborted) return;
      try {
        if ((await store.trim(limit(), closing)) > 0) this.changed();
      } catch (error) {
        notify(`old runs could not be deleted: ${messageOf(error)}`);
      }
    });
  }

  /** Resolves when nothing is being trimmed any more. */
  settled(): Promise<void> {
    return this.#trimming;
  }
}
