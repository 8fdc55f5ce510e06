import type { LabProcedures } from "../../electron/contract/contract.ts";
import { EVENT_BATCH_LIMIT } from "../../electron/contract/events.ts";
import type { RunAnnotations } from "../../electron/model/annotations.ts";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import type { TelemetryRecord } from "../../electron/model/telemetry.ts";
import type { LabClient } from "./lab-client.ts";
import { LabFailure } from "./lab-failure.ts";

/** What was recorded of runs, which a file carries. Each read may take seconds. */
export interface RecordedRuns {
  /** Undefined for a run that is not among them. */
  events(runId: string): Promise<readonly LabEvent[]> | undefined;
  telemetry(runId: string): Promise<readonly TelemetryRecord[]> | undefined;
  annotations(runId: string): RunAnnotations;
}

/** The client of a page without a lab: it delivers what was recorded as a lab does, and refuses every call. */
export function recordedRunsClient(runs: RecordedRuns): LabClient {
  return {
    hasLab: false,
    call: refusing() as Omit<LabProcedures, "events">,
    connection: { state: { is: "connected" }, onChange: () => () => {} },
    followLab: () => () => {},
    followRun({ runId, afterSeq = 0 }, follower) {
      return deliver(runs.events(runId), {
        after: afterSeq,
        take: (items, { length }) => follower.onItems(items, { lastSeq: length, savedSeq: length, unsaved: null }),
        onEnd: () => follower.onEnd?.(),
        onFailure: (failure) => follower.onFailure?.(failure),
      });
    },
    followTelemetry({ runId, after }, follower) {
      return deliver(runs.telemetry(runId), {
        after,
        take: (records, _all, next) => follower.onRecords(records, next),
        onEnd: () => follower.onEnd?.(),
        onFailure: (failure) => follower.onFailure?.(failure),
      });
    },
    annotations: async (runId) => runs.annotations(runId),
    upload: () => Promise.reject(noLab()),
    onNavigate: () => () => {},
    close() {},
  };
}

interface Delivery<Item> {
  /** Items that are there already. */
  after: number;
  take(items: readonly Item[], all: readonly Item[], next: number): void | Promise<void>;
  onEnd(): void;
  onFailure(failure: LabFailure): void;
}

/** Delivers in batches, as a lab does, so that the page stays responsive. The returned function stops it. */
function deliver<Item>(recorded: Promise<readonly Item[]> | undefined, delivery: Delivery<Item>): () => void {
  let isStopped = false;
  const run = async () => {
    if (recorded === undefined) throw new LabFailure("bad-input", "this run is not in this file");
    const all = await recorded;
    for (let from = delivery.after; from < all.length && !isStopped; from += EVENT_BATCH_LIMIT) {
      const next = Math.min(from + EVENT_BATCH_LIMIT, all.length);
      await delivery.take(all.slice(from, next), all, next);
    }
    if (!isStopped) delivery.onEnd();
  };
  run().catch((error: unknown) => {
    if (!isStopped) delivery.onFailure(error instanceof LabFailure ? error : damaged(error));
  });
  return () => {
    isStopped = true;
  };
}

function damaged(cause: unknown): LabFailure {
  return new LabFailure("bad-input", `the file is damaged: ${String(cause)}`, {
    hint: "export the run again, or get the file again from who sent it",
    cause,
  });
}

function noLab(): LabFailure {
  return new LabFailure("unsupported", "this is a recorded run, without a lab");
}

/** Has every procedure, and each refuses. */
function refusing(): unknown {
  return new Proxy(() => {}, { get: refusing, apply: () => Promise.reject(noLab()) });
}
