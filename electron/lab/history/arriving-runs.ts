import type { LabEvent } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { toColumns } from "./event-columns.ts";
import { type EventRow, toRow } from "./event-row.ts";
import type { HistoryWriter } from "./history-threads.ts";
import type { Arrivals, ArrivingRun } from "./run-store.ts";
import type { WorkerClient } from "./worker-client.ts";

/** Events, or records of telemetry, that are staged in one transaction. */
const STAGE_AT_ONCE = 1_000;

/** Sends imported runs to the writer as they are read. */
export class ArrivingRuns implements Arrivals {
  readonly #writer: WorkerClient<HistoryWriter>;
  readonly #number: number;
  #run: ArrivingRun | undefined;
  #rows: EventRow[] = [];
  #telemetry: string[] = [];
  /** Rejects with the first error. */
  #staging: Promise<void> = Promise.resolve();

  constructor(writer: WorkerClient<HistoryWriter>, number: number) {
    this.#writer = writer;
    this.#number = number;
  }

  begin(run: ArrivingRun): void {
    this.#send();
    this.#run = run;
  }

  stage(event: LabEvent): Promise<void> | undefined {
    this.#rows.push(toRow(event));
    return this.#rows.length < STAGE_AT_ONCE ? undefined : this.#send();
  }

  stageTelemetry(record: TelemetryRecord): Promise<void> | undefined {
    this.#telemetry.push(JSON.stringify(record));
    return this.#telemetry.length < STAGE_AT_ONCE ? undefined : this.#send();
  }

  async commit(importedFrom: string, importedWallMs: number, signal = new AbortController().signal): Promise<void> {
    await this.#send();
    await this.#writer.call("commit", this.#number, { importedFrom, importedWallMs }, signal);
  }

  async close(): Promise<void> {
    await this.#writer.call("forget", this.#number);
  }

  #send(): Promise<void> {
    if (this.#run === undefined && this.#rows.length === 0 && this.#telemetry.length === 0) return this.#staging;
    const [run, rows, telemetry] = [this.#run, toColumns(this.#rows), this.#telemetry];
    this.#run = undefined;
    this.#rows = [];
    this.#telemetry = [];
    const before = this.#staging;
    const sent = this.#writer.call("stage", this.#number, run, rows, telemetry);
    this.#staging = Promise.all([before, sent]).then(() => {});
    this.#staging.catch(() => {});
    return this.#staging;
  }
}
