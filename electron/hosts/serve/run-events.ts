import type { QueuedRun } from "../../lab/history/queue-store.ts";
import { apiStateOf } from "../../lab/queue/run-states.ts";
import type { ApiStorage } from "./api-route.ts";
import type { EventStream } from "./event-stream.ts";
import { whenChanged } from "./when-changed.ts";
import { toWireRun } from "./wire-run.ts";

const READ_AT_ONCE = 500;

/** Where a stream is: in which run of the history, counted over all attempts, and after which event. */
interface Position {
  run: number;
  seq: number;
}

/**
 * Sends the events of a submitted run, of all its attempts in order, and its state whenever it changes, until it has ended
 * or the listener is gone. The id of an event is its position: a listener that gives the last one again misses none.
 */
export async function streamRun(
  runId: string,
  storage: ApiStorage,
  stream: EventStream,
  after: string | undefined,
): Promise<void> {
  const at = positionIn(after);
  let last: string | undefined;
  for await (const _ of whenChanged(storage, stream.signal)) {
    const { queue } = storage;
    const run = await queue.get(runId);
    if (run === undefined) return;
    const state = `${apiStateOf(run)} ${run.attempt} ${run.cancelRequested}`;
    if (state !== last && run.state !== "ended") await stream.send({ event: "run", data: toWireRun(run) });
    last = state;
    // Read after the run: once it has ended there is no more.
    await sendEvents(runId, storage, stream, at);
    if (run.state === "ended") return stream.send({ event: "end", data: await ended(run, queue) });
  }
}

async function sendEvents(
  runId: string,
  { queue, history }: ApiStorage,
  stream: EventStream,
  at: Position,
): Promise<void> {
  const attempts = await queue.attempts(runId);
  const runs = attempts.flatMap(({ attempt, historyRuns }) => historyRuns.map((id) => ({ id, attempt })));
  while (!stream.signal.aborted) {
    const current = runs[at.run];
    if (current === undefined || !(await history.has(current.id))) return;
    const entries = await history.entries(current.id, at.seq, READ_AT_ONCE);
    for (const { seq, text } of entries) {
      at.seq = seq;
      await stream.send({
        event: "event",
        id: `${at.run}.${seq}`,
        data: `{"attempt":${current.attempt},"event":${text}}`,
      });
    }
    if (entries.length > 0) continue;
    // The next one begins when this one has ended.
    if (at.run + 1 >= runs.length) return;
    at.run++;
    at.seq = 0;
  }
}

async function ended(run: QueuedRun, queue: ApiStorage["queue"]) {
  return toWireRun(run, { attempts: await queue.attempts(run.runId) });
}

function positionIn(id: string | undefined): Position {
  const [, run, seq] = /^(\d{1,9})\.(\d{1,9})$/.exec(id ?? "") ?? [];
  return { run: Number(run ?? 0), seq: Number(seq ?? 0) };
}
