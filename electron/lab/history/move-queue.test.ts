import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { StoreLocation } from "./history-threads.ts";
import { moveQueue } from "./move-queue.ts";
import { openQueueStore } from "./open-queue-store.ts";
import type { QueueStore } from "./queue-store.ts";
import { postgresForFile } from "./testing/postgres-under-test.ts";

const postgres = postgresForFile();
const never = new AbortController().signal;

async function openAt(location: StoreLocation): Promise<QueueStore> {
  const queue = await openQueueStore(location);
  onTestFinished(() => queue.close());
  return queue;
}
const inFile = (name: string): StoreLocation => ({ kind: "sqlite", file: join(temporaryFolder(), name) });

const submit = (queue: QueueStore, runId: string, spec: object = {}) =>
  queue.submit({ runId, spec, labels: ["eu"], maxAttempts: 3, deadlineMs: 1_000 }, 10);

/** Carried out in two attempts, with a result and a sink that is still to be sent. */
async function carriedOut(queue: QueueStore, runId: string): Promise<void> {
  await submit(queue, runId, { sinks: [{ kind: "stdout" }] });
  const worker = { worker: "w", labels: ["eu"], concurrency: 1 };
  await queue.claim(worker, -1);
  const run = await queue.claim(worker, 60_000);
  const lease = { runId, attempt: run?.attempt ?? 0, worker: "w" };
  await queue.addHistoryRun(lease, `history of ${runId}`);
  await queue.putResults(lease, [{ resultId: `result of ${runId}`, item: "i", evaluator: "e", body: { score: 0.5 } }]);
  await queue.finish(lease, { outcome: "failed", reason: "a check failed", summary: { failed: 1 } });
}

test("submitted runs move from SQLite to PostgreSQL and back, counted, compared, and as they were; open ones are named", async () => {
  const source = await openAt(inFile("one.db"));
  for (const id of ["a", "b"]) await carriedOut(source, id);
  await submit(source, "cancelled");
  await source.cancel("cancelled");
  await submit(source, "waits");
  const waits = { runId: "waits", because: "it waits: cancel it, or move again when it has ended" };

  const shared = await openAt(postgres.newLocation());
  expect(await moveQueue(source, shared, never)).toEqual({ runs: 3, results: 2, alreadyThere: 0, kept: [waits] });
  expect(await moveQueue(source, shared, never)).toEqual({ runs: 0, results: 0, alreadyThere: 3, kept: [waits] });
  const back = await openAt(inFile("two.db"));
  expect(await moveQueue(shared, back, never)).toEqual({ runs: 3, results: 2, alreadyThere: 0, kept: [] });

  for (const moved of [shared, back]) {
    const ids = (await moved.list({ limit: 9 })).map(({ runId }) => runId);
    expect(ids).toEqual(["cancelled", "b", "a"]);
    for (const id of ids) {
      expect(await moved.get(id)).toEqual(await source.get(id));
      expect(await moved.attempts(id)).toEqual(await source.attempts(id));
      expect(await moved.results(id)).toEqual(await source.results(id));
      expect(await moved.deliveries(id)).toEqual(await source.deliveries(id));
    }
    // What a sink has still to be sent is sent there.
    expect(await moved.takeDelivery(["eu"], 60_000)).toMatchObject({ runId: "a", tries: 1 });
  }
});

test("a submitted run that the target has with other content is kept and named", async () => {
  const [source, target] = [await openAt(inFile("one.db")), await openAt(inFile("two.db"))];
  await carriedOut(source, "a");
  await submit(target, "a");
  await target.cancel("a");
  expect(await moveQueue(source, target, never)).toEqual({
    ...{ runs: 0, results: 0, alreadyThere: 0 },
    kept: [{ runId: "a", because: "the target has another with its id" }],
  });
});
