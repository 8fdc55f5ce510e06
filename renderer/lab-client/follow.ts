import { createORPCClient } from "@orpc/client";
import type { LabProcedures } from "../../electron/contract/contract.ts";
import type {
  LabState,
  RunProgress,
  StreamItem,
  StreamMessage,
  SubscribeRequest,
} from "../../electron/contract/events.ts";
import type { TelemetryRecord } from "../../electron/model/telemetry.ts";
import { aborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { fromAnswer, LabFailure } from "./lab-failure.ts";
import { type OpenLink, Refused } from "./transport.ts";

export interface RunFollower {
  /**
   * The next items of the log, in order and without gaps; none when only the progress has changed. A returned promise is
   * awaited before more is requested.
   */
  onItems(items: readonly StreamItem[], progress: RunProgress): void | Promise<void>;
  /** The run's last event has been delivered. */
  onEnd?(): void;
  /** The lab refused the stream, such as for a run that does not exist, or an item could not be taken. Nothing follows. */
  onFailure?(failure: LabFailure): void;
}

export interface LabFollower {
  onState(state: LabState): void;
  /** The lab refused the stream or ended it. Nothing follows. */
  onFailure(failure: LabFailure): void;
}

/** Calls back with the lab's state, at once and at every change, across reconnections, until the returned function is called. */
export function followLab(connection: Connection, follower: LabFollower): () => void {
  return follow(connection, {
    request: (subscription) => ({ topic: "lab", subscription }),
    take: (message) => {
      if (message.type === "lab") follower.onState(message.state);
    },
    onEnd: () => follower.onFailure(new LabFailure("internal", "the lab has ended the stream of its state")),
    onFailure: (failure) => follower.onFailure(failure),
  });
}

/** Delivers the log of a run after `afterSeq`, from the history and then live, across reconnections, until the returned function is called. */
export function followRun(
  connection: Connection,
  run: { runId: string; afterSeq?: number },
  follower: RunFollower,
): () => void {
  let afterSeq = run.afterSeq ?? 0;
  return follow(connection, {
    request: (subscription) => ({ topic: "run", subscription, runId: run.runId, afterSeq }),
    async take(message) {
      if (message.type !== "run") return;
      const last = message.items.at(-1);
      await follower.onItems(message.items, message);
      if (last !== undefined) afterSeq = last.type === "skipped" ? last.toSeq : last.seq;
    },
    onEnd: () => follower.onEnd?.(),
    onFailure: (failure) => follower.onFailure?.(failure),
  });
}

export interface TelemetryFollower {
  /** The next spans and logs of a run, with the position after them. */
  onRecords(records: readonly TelemetryRecord[], next: number): void;
  /** No more can arrive. */
  onEnd?(): void;
  onFailure?(failure: LabFailure): void;
}

/** Delivers the spans and logs of a run after a position, as they arrive, until the returned function is called. */
export function followTelemetry(
  connection: Connection,
  run: { runId: string; after: number },
  follower: TelemetryFollower,
): () => void {
  let { after } = run;
  return follow(connection, {
    request: (subscription) => ({ topic: "telemetry", subscription, runId: run.runId, after }),
    take(message) {
      if (message.type !== "telemetry") return;
      follower.onRecords(message.records, message.next);
      after = message.next;
    },
    onEnd: () => follower.onEnd?.(),
    onFailure: (failure) => follower.onFailure?.(failure),
  });
}

interface Topic {
  request(subscription: string): SubscribeRequest;
  take(message: StreamMessage): void | Promise<void>;
  onEnd?(): void;
  onFailure?(failure: LabFailure): void;
}

/** Subscribes on each link in turn until the stream ends, the lab refuses it, or the returned function is called. */
function follow(connection: Connection, topic: Topic): () => void {
  const stop = new AbortController();
  void (async () => {
    while (!stop.signal.aborted) {
      let open: OpenLink;
      try {
        open = await connection.link(stop.signal);
      } catch (error) {
        if (error instanceof Refused || stop.signal.aborted || connection.state.is === "closed") return;
        continue;
      }
      try {
        await readOne(open, topic, stop.signal);
        if (!stop.signal.aborted) topic.onEnd?.();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        const failure = fromAnswer(error);
        if (failure !== undefined) return topic.onFailure?.(failure);
        if (error instanceof TakeFailed) {
          topic.onFailure?.(new LabFailure("internal", `what arrived could not be shown: ${String(error.cause)}`));
          throw error.cause;
        }
        // The link is closing; the next one is awaited above, and the stream resumes after the last number received.
        open.close();
        await aborted(open.gone);
      }
    }
  })();
  return () => stop.abort(new Error("no longer followed"));
}

/** The consumer of a message threw: an error of the page, not a lost link. */
class TakeFailed extends Error {}

async function readOne(open: OpenLink, topic: Topic, stopped: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopped, open.gone]);
  const client = createORPCClient<LabProcedures>(open.link);
  const subscription = crypto.randomUUID();
  const messages = await client.events.subscribe(topic.request(subscription), { signal });
  // It fails only with the link, and the stream then ends as well.
  const acknowledge = newestOnly((message: number) =>
    client.events.acknowledge({ subscription, message }, { signal }).catch(() => {}),
  );
  for await (const message of messages) {
    if (stopped.aborted) return;
    try {
      await topic.take(message);
    } catch (error) {
      throw new TakeFailed("a view of the stream failed", { cause: error });
    }
    acknowledge(message.message);
  }
}

/**
 * Makes one call at a time, with the newest value; values replaced meanwhile are skipped. An acknowledgement covers all
 * messages before it, and each call costs both sides as much as a small batch.
 */
function newestOnly<Value>(call: (value: Value) => Promise<unknown>): (value: Value) => void {
  let newest: { value: Value } | undefined;
  let isCalling = false;
  const work = async () => {
    isCalling = true;
    while (newest !== undefined) {
      const { value } = newest;
      newest = undefined;
      await call(value);
    }
    isCalling = false;
  };
  return (value) => {
    newest = { value };
    if (!isCalling) void work();
  };
}
