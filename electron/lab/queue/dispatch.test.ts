import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { listenForRuns, openQueueStore } from "../history/open-queue-store.ts";
import type { QueueStore } from "../history/queue-store.ts";
import { postgresForFile } from "../history/testing/postgres-under-test.ts";
import { QueueWorkerLoop } from "./queue-worker.ts";
import { submitRun } from "./submit-run.ts";

const postgres = postgresForFile();
type Location = ReturnType<typeof postgres.newLocation>;

/** Polls so rarely that only a wake-up can have made it claim. */
const TIMES = { leaseMs: 60_000, heartbeatMs: 5_000, pollMs: 3_600_000 };

async function openAt(location: Location): Promise<QueueStore> {
  const queue = await openQueueStore(location);
  onTestFinished(() => queue.close());
  return queue;
}

async function submitted(queue: QueueStore, labels: string[] = []): Promise<string> {
  const answer = await submitRun(queue, { runId: randomUUID(), spec: { scenario: "mcp-crash", labels } });
  if (answer.is === "conflict") throw new Error("conflict");
  return answer.run.runId;
}

/** A worker with connections of its own, as another process has them; idle when it resolves. */
async function working(location: Location, labels: string[], name: string, done: [string, string][]) {
  const queue = await openAt(location);
  const stop = new AbortController();
  const firstLook = Promise.withResolvers<void>();
  const watched = new Proxy(queue, {
    get: (target, method) => {
      const called = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        const answer = await called.apply(target, args);
        if (method === "claim") firstLook.resolve();
        return answer;
      };
    },
  });
  const worker = new QueueWorkerLoop({
    queue: watched,
    labels,
    executors: [
      async ({ runId }) => {
        done.push([name, runId]);
        return { outcome: "passed", reason: "", summary: null };
      },
    ],
    times: TIMES,
    onFailure: () => {},
  });
  const listening = listenForRuns(location, labels, () => worker.wakeWhenIdle(), stop.signal);
  const over = worker.work(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await Promise.all([over, listening]);
  });
  await firstLook.promise;
}

test("a run that another process submits wakes a worker that can carry it out", async () => {
  const location = postgres.newLocation();
  const queue = await openAt(location);
  const done: [string, string][] = [];
  await working(location, [], "plain", done);
  await working(location, ["docker", "stack:small"], "able", done);
  const labelled = await submitted(queue, ["docker", "stack:small"]);
  await expect.poll(() => done).toContainEqual(["able", labelled]);
  const plain = await submitted(queue);
  await expect.poll(() => done.map(([, runId]) => runId)).toContain(plain);

  // A label that no worker has: there is nobody to wake.
  await submitted(queue, ["nobody-has-it"]);
  const { schema } = location;
  await expect
    .poll(() => postgres.server().query(`SELECT state FROM ${schema}_dispatch.job WHERE state <> 'completed'`))
    .toEqual([]);
});

test("a wake-up is sent, and withdrawn, with the row of its run or not at all", async () => {
  const location = postgres.newLocation();
  const queue = await openAt(location);
  const { schema } = location;
  const jobs = () => postgres.server().query(`SELECT data FROM ${schema}_dispatch.job ORDER BY created_on`);
  const runId = await submitted(queue);
  expect(await jobs()).toEqual([{ data: { runId } }]);
  const run = await queue.claim({ worker: "w", labels: [], concurrency: 1 }, 60_000);
  expect(await jobs()).toEqual([]);
  expect(run?.runId).toBe(runId);
  await queue.release({ runId, attempt: 1, worker: "w" }, "its worker stopped");
  expect(await jobs()).toEqual([{ data: { runId } }]);

  await postgres.server().query(`ALTER TABLE ${schema}_dispatch.job_common RENAME TO gone`);
  await expect(submitted(queue)).rejects.toThrow();
  await postgres.server().query(`ALTER TABLE ${schema}_dispatch.gone RENAME TO job_common`);
  expect(await queue.counts()).toEqual({ queued: 1, running: 0, ended: 0 });
  expect(await jobs()).toEqual([{ data: { runId } }]);
});

test("its rules are the queue's own: a wake-up is taken up within a lease, and nothing is kept for days", async () => {
  const location = postgres.newLocation();
  await openAt(location);
  const rules = await postgres
    .server()
    .query(`SELECT expire_seconds, heartbeat_seconds, deletion_seconds, notify FROM ${location.schema}_dispatch.queue`);
  expect(rules).toEqual([{ expire_seconds: 30, heartbeat_seconds: 10, deletion_seconds: 60, notify: true }]);
});
