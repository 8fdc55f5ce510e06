import type { DecidedApproval } from "../../contract/approvals.ts";
import { type EventPage, type HistoryFilter, LANE_BUCKETS, type LaneSummary } from "../../contract/history.ts";
import type { AnnotationChange, RunAnnotations } from "../../model/annotations.ts";
import { isRunEnd } from "../../model/catalogue/catalogue.ts";
import { type EventOf, type LabEvent, labEvent } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { systemClock } from "../clock.ts";
import { LabError } from "../lab-error.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import { ArrivingRuns } from "./arriving-runs.ts";
import { toColumns, toRows } from "./event-columns.ts";
import { readRow, toRow } from "./event-row.ts";
import type { HistoryReader, HistoryWriter, Opened, RunBatch, StoreLocation } from "./history-threads.ts";
import { toLanes } from "./lanes.ts";
import { noSuchRun } from "./no-such-run.ts";
import type {
  Arrivals,
  DeletedRuns,
  EventWindow,
  NewRun,
  RunPage,
  RunSources,
  RunStore,
  StoredRun,
  StoredRunDetail,
  TelemetryPage,
} from "./run-store.ts";
import { LiveEntry, type StreamEntry, storedEntries } from "./stream-entry.ts";
import { WorkerClient } from "./worker-client.ts";
import { type Durability, WriteQueue } from "./write-queue.ts";

const READ_AT_ONCE = 1_000;

export interface OpenedStore {
  location: StoreLocation;
  owner: ProcessIdentity;
  writer: WorkerClient<HistoryWriter>;
  opened: Opened;
}

/** Runs in a database, written and read by one worker thread each. */
export abstract class ThreadedRunStore implements RunStore {
  readonly readOnlyBecause: string | undefined;
  abstract readonly notices: readonly string[];
  /** What to do when nothing can be written. */
  protected abstract readonly readOnlyHint: string;
  readonly #location: StoreLocation;
  readonly #owner: ProcessIdentity;
  readonly #writer: WorkerClient<HistoryWriter>;
  readonly #queue: WriteQueue;
  #startedReader: WorkerClient<HistoryReader> | undefined;
  #arrivals = 0;
  /** A caller has got an error for events that cannot be written. */
  #hasFailed = false;
  #closing: Promise<void> | undefined;

  /** @throws LabError when the database cannot be opened */
  protected static async openThreads(location: StoreLocation, owner: ProcessIdentity): Promise<OpenedStore> {
    const writer = new WorkerClient<HistoryWriter>({ role: "writer", location, owner });
    try {
      return { location, owner, writer, opened: await writer.call("opened") };
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  protected constructor({ location, owner, writer, opened }: OpenedStore) {
    this.#location = location;
    this.#owner = owner;
    this.#writer = writer;
    this.#queue = new WriteQueue((batch, attempt) => this.#write(batch, attempt), systemClock.wallMs);
    this.readOnlyBecause = opened.readOnlyBecause;
  }

  get durability(): Durability {
    return this.#queue;
  }

  /** Started lazily: many commands do not read. */
  get #reader(): WorkerClient<HistoryReader> {
    if (this.#closing !== undefined) throw new LabError("busy", "the lab is ending");
    this.#startedReader ??= new WorkerClient<HistoryReader>({
      role: "reader",
      location: this.#location,
      owner: this.#owner,
    });
    return this.#startedReader;
  }

  assertWritable(): void {
    if (this.readOnlyBecause === undefined) return;
    throw new LabError("read-only", `${this.readOnlyBecause}; past runs can be read, new ones cannot be recorded`, {
      hint: this.readOnlyHint,
    });
  }

  async begin(run: NewRun): Promise<void> {
    this.assertWritable();
    await this.#writer.call("begin", run);
    this.#queue.open(run.id);
  }

  append(event: LabEvent): Promise<number> {
    return this.#queue.add(event);
  }

  async end(event: EventOf<"run.ended">): Promise<number> {
    return this.#noting(this.#queue.end(event));
  }

  async flush(): Promise<void> {
    await this.#noting(this.#queue.flush());
  }

  async #noting<Value>(written: Promise<Value>): Promise<Value> {
    try {
      return await written;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  #write(batch: readonly LabEvent[], attempt: number): Promise<readonly string[]> {
    return this.#writer.call("write", batchesOf(batch), attempt);
  }

  async addTelemetry(runId: string, records: readonly TelemetryRecord[]): Promise<boolean> {
    this.assertWritable();
    return this.#writer.call(
      "addTelemetry",
      runId,
      records.map((record) => JSON.stringify(record)),
    );
  }

  async interrupt(runId: string, reason: string): Promise<boolean> {
    this.assertWritable();
    return this.#writer.call("interrupt", runId, reason);
  }

  endOrphans(): Promise<number> {
    return this.#writer.call("endOrphans", never());
  }

  async list(filter: HistoryFilter): Promise<RunPage> {
    return this.#reader.call("list", filter, never());
  }

  async find(idOrPrefix: string): Promise<StoredRun> {
    return this.#reader.call("find", idOrPrefix);
  }

  async has(runId: string): Promise<boolean> {
    return this.#reader.call("has", runId);
  }

  async get(runId: string): Promise<StoredRunDetail> {
    const last = this.#queue.waiting(runId, 0).at(-1);
    const stored = await this.#reader.call("get", runId);
    if (last === undefined || last.seq <= stored.lastSeq) return stored;
    return { ...stored, events: last.seq, lastSeq: last.seq, lastMs: last.atMs };
  }

  async sources(runId: string): Promise<RunSources> {
    const last = this.#queue.waiting(runId, 0).at(-1);
    const stored = await this.#reader.call("sources", runId);
    return { ...stored, events: Math.max(stored.events, last?.seq ?? 0) };
  }

  async lastSeq(runId: string): Promise<number> {
    const last = this.#queue.waiting(runId, 0).at(-1);
    return Math.max(await this.#reader.call("lastSeq", runId), last?.seq ?? 0);
  }

  async *events(runId: string): AsyncGenerator<LabEvent, void> {
    // Before the first page: every other event is durable by then, so that there is no gap.
    const waiting = this.#queue.waiting(runId, 0);
    const read = (afterSeq: number) => {
      const page = this.#reader.call("events", runId, afterSeq, READ_AT_ONCE);
      page.catch(() => {});
      return page;
    };
    let lastSeq = 0;
    for (let page: ReturnType<typeof read> | undefined = read(0); page !== undefined; ) {
      const rows = toRows(await page);
      lastSeq = rows.at(-1)?.seq ?? lastSeq;
      // Read ahead while this page is used.
      page = rows.length < READ_AT_ONCE ? undefined : read(lastSeq);
      for (const row of rows) yield readRow(runId, row, (stored) => labEvent.parse(stored));
    }
    for (const event of waiting) if (event.seq > lastSeq) yield event;
  }

  async eventPage(window: EventWindow): Promise<EventPage> {
    const { runId, types, service, limit } = window;
    const waiting = this.#queue.waiting(runId, window.afterSeq);
    const { rows, lastSeq: savedSeq } = await this.#reader.call("window", window, never());
    const unsaved = waiting
      .filter(({ seq, type }) => seq > savedSeq && (types?.includes(type) ?? true))
      .filter((event) => service === undefined || ("service" in event && event.service === service));
    const events = [...toRows(rows).map((row) => readRow(runId, row)), ...unsaved];
    return { events: events.slice(0, limit), hasMore: events.length > limit, savedSeq };
  }

  async entries(runId: string, afterSeq: number, limit: number): Promise<StreamEntry[]> {
    const waiting = this.#queue.waiting(runId, afterSeq);
    const stored = storedEntries(await this.#reader.call("entries", runId, afterSeq, limit));
    const lastSeq = stored.at(-1)?.seq ?? afterSeq;
    const unsaved = waiting.filter(({ seq }) => seq > lastSeq).slice(0, limit - stored.length);
    return [...stored, ...unsaved.map((event) => new LiveEntry(event))];
  }

  async laneSummary(runId: string): Promise<LaneSummary> {
    const { rows, lastSeq, lastUs, bucketUs } = await this.#reader.call("lanes", runId, LANE_BUCKETS, never());
    return { runId, lastSeq, lastMs: lastUs / 1000, bucketMs: bucketUs / 1000, lanes: toLanes(rows) };
  }

  async telemetry(runId: string, after: number, limit: number): Promise<TelemetryPage> {
    return this.#reader.call("telemetry", runId, after, limit);
  }

  async lastVerdicts(scenarioId: string, limit: number): Promise<StoredRun[]> {
    return this.#reader.call("lastVerdicts", scenarioId, limit);
  }

  async approvals(limit: number, beforeWallMs: number): Promise<{ decided: DecidedApproval[]; hasMore: boolean }> {
    return this.#reader.call("approvals", limit, beforeWallMs, never());
  }

  async pin(runId: string, pinned: boolean): Promise<void> {
    this.assertWritable();
    if (await this.#writer.call("pin", runId, pinned)) return;
    throw noSuchRun(runId);
  }

  async annotate(runId: string, change: AnnotationChange): Promise<RunAnnotations> {
    this.assertWritable();
    const annotations = await this.#writer.call("annotate", runId, change);
    if (annotations === undefined) throw noSuchRun(runId);
    return annotations;
  }

  async delete(runIds: readonly string[], isOn: (runId: string) => boolean, signal = never()): Promise<DeletedRuns> {
    this.assertWritable();
    const kept: DeletedRuns["kept"] = [];
    const wanted = runIds.filter((runId) => {
      const because = isOn(runId)
        ? "it is in progress"
        : this.#isUnsaved(runId)
          ? "it is not fully saved yet"
          : undefined;
      if (because !== undefined) kept.push({ runId, because });
      return because === undefined;
    });
    const { deleted, pinned } = await this.#writer.call("remove", wanted, signal);
    return { deleted, kept: [...pinned.map((runId) => ({ runId, because: "it is pinned" })), ...kept] };
  }

  #isUnsaved(runId: string): boolean {
    return this.#queue.firstUnsaved(runId) !== undefined;
  }

  trim(limit: number, signal = never()): Promise<number> {
    return this.#writer.call("trim", limit, signal);
  }

  async bytes(): Promise<number> {
    return this.#reader.call("bytes");
  }

  arrivals(): Arrivals {
    this.assertWritable();
    return new ArrivingRuns(this.#writer, ++this.#arrivals);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#startedReader?.close();
    try {
      await this.#queue.flush();
    } catch (error) {
      // A caller has already got the error; another one on closing could only hide other errors.
      if (!this.#hasFailed) throw error;
    } finally {
      this.#queue.stop();
      await this.#writer.close();
    }
  }
}

/** A batch by runs, in the order of their first event. */
function batchesOf(batch: readonly LabEvent[]): RunBatch[] {
  const runs = Map.groupBy(batch, ({ runId }) => runId);
  return [...runs].map(([runId, events]) => {
    const last = events.at(-1);
    return {
      runId,
      rows: toColumns(events.map(toRow)),
      ending: last !== undefined && isRunEnd(last) ? { ...last, durationMs: last.atMs } : undefined,
    };
  });
}

function never(): AbortSignal {
  return new AbortController().signal;
}
