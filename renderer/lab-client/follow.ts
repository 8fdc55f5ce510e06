import { createORPCClient } from "@orpc/client";
import type { LabProcedures } from "../../electron/contract/contract.ts";
import type {
  LabState,
  RunProgress,
  StreamItem,
  StreamMessage,
  SubscribeRequest,
} from "../../electron/contract/events.ts";
import { aborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { fromAnswer, type LabFailure } from "./lab-failure.ts";
import { type OpenLink, Refused } from "./transport.ts";

export interface RunFollower {
  /**
   * The next items of the log, in order and without holes; none when only the progress has changed. What it returns is
   * awaited before more is asked for.
   */
  onItems(items: readonly StreamItem[], progress: RunProgress): void | Promise<void>;
  /** The run's last event has been given. */
  onEnd?(): void;
  /** The lab will not give it, such as a run that does not exist. Nothing follows. */
  onFailure?(failure: LabFailure): void;
}

/** Told how everything stands, at once and at every change, over every reconnection. Ends when called. */
export function followLab(connection: Connection, onState: (state: LabState) => void): () => void {
  return follow(connection, {
    request: (subscription) => ({ topic: "lab", subscription }),
    take: (message) => {
      if (message.type === "lab") onState(message.state);
    },
  });
}

/** The log of a run after `afterSeq`, from the history and then live, over every reconnection. Ends when called. */
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

interface Topic {
  request(subscription: string): SubscribeRequest;
  take(message: StreamMessage): void | Promise<void>;
  onEnd?(): void;
  onFailure?(failure: LabFailure): void;
}

/** Subscribes on each link in turn, until the stream ends by itself, the lab refuses it, or the returned function. */
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
        if (error instanceof TakeFailed) throw error.cause;
        // The link is going down; the next one is awaited above, and the stream goes on from the last number seen.
        open.close();
        await aborted(open.gone);
      }
    }
  })();
  return () => stop.abort(new Error("no longer followed"));
}

/** What took the message threw: the page's own fault, not to be mistaken for a lost link. */
class TakeFailed extends Error {}

async function readOne(open: OpenLink, topic: Topic, stopped: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopped, open.gone]);
  const client = createORPCClient<LabProcedures>(open.link);
  const subscription = crypto.randomUUID();
  const messages = await client.events.subscribe(topic.request(subscription), { signal });
  // Only the link being lost fails it, and then the stream itself ends with it.
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
 * Makes one call at a time, with the newest value at its beginning: those that came and were overtaken meanwhile are
 * passed over. An acknowledgement speaks for all messages before it, and each call costs both sides as much as a small batch.
 */
function newestOnly<Value>(call: (value: Value) => Promise<unknown>): (value: Value) => void {
  let newest: { value: Value } | undefined;
  let isUnderWay = false;
  const work = async () => {
    isUnderWay = true;
    while (newest !== undefined) {
      const { value } = newest;
      newest = undefined;
      await call(value);
    }
    isUnderWay = false;
  };
  return (value) => {
    newest = { value };
    if (!isUnderWay) void work();
  };
}
