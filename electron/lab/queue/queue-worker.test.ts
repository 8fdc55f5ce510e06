import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import type { QueueStore } from "../history/queue-store.ts";
import { StoreUnreachable } from "../history/worker-protocol.ts";
import { LabError } from "../lab-error.ts";
import type { AttemptContext, AttemptEnding, Execute } from "./attempt.ts";
import { QueueWorkerLoop, type QueueWorkerParts } from "./queue-worker.ts";
import { apiStateOf } from "./run-states.ts";
import { submitRun } from "./submit-run.ts";

const TIMES = { leaseMs: 60_000, heartbeatMs: 5, pollMs: 5 };
const PASSED: AttemptEnding = { outcome: "passed", reason: "every check passed", summary: null };

async function openQueue(): Promise<QueueStore> {
  const queue = await openQueueStore({ kind: "sqlite", file: join(temporaryFolder(), "history.db") });
  onTestFinished(() => queue.close());
  return queue;
}

async function submitted(queue: QueueStore, spec: object = {}): Promise<string> {
  const answer = await submitRun(queue, { spec: { scenario: "mcp-crash", ...spec } });
  if (answer.is === "conflict") throw new Error("conflict");
  return answer.run.runId;
}

/** A worker that ends with the test. */
function working(queue: QueueStore, execute: Execute, more: Partial<QueueWorkerParts> = {}) {
  const stop = new AbortController();
  const worker = new QueueWorkerLoop({
    queue,
    labels: [],
    executors: [execute],
    times: TIMES,
    onFailure: () => {},
    ...more,
  });
  const over = worker.work(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await over;
  });
  return { over, stop: () => stop.abort() };
}

/** Waits, as a run does, until it is stopped, and restores before it ends. */
const untilStopped = async ({ signal }: AttemptContext): Promise<AttemptEnding> => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  return { outcome: "cancelled", reason: "the runner's own words", summary: null };
};

const ended = (queue: QueueStore, runId: string) =>
  expect
    .poll(async () => (await queue.get(runId))?.state)
    .toBe("ended")
    .then(() => queue.get(runId));

test("runs are carried out oldest first, and end as they ended; one that throws ends as an error with the next step", async () => {
  const queue = await openQueue();
  const [first, second] = [await submitted(queue), await submitted(queue)];
  const order: string[] = [];
  working(queue, async ({ runId }) => {
    order.push(runId);
    if (runId === second) throw new Error("the stack could not be brought up");
    return PASSED;
  });
  expect(await ended(queue, first)).toMatchObject({ outcome: "passed", attempt: 1 });
  expect(await ended(queue, second)).toMatchObject({ outcome: "error", reason: "the stack could not be brought up" });
  expect(order).toEqual([first, second]);
});

test("a running run that is cancelled ends as cancelled, not as succeeded, and keeps the results that it has", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  const begun = Promise.withResolvers<void>();
  working(queue, async (_run, context) => {
    await context.putResults([{ resultId: "r", item: "i", evaluator: "e", body: {} }]);
    begun.resolve();
    return untilStopped(context);
  });
  await begun.promise;
  expect(await queue.cancel(runId)).toMatchObject({ state: "running", cancelRequested: true });
  const run = await ended(queue, runId);
  expect(run).toMatchObject({ outcome: "cancelled", reason: "cancelled by request" });
  expect(run && apiStateOf(run)).toBe("cancelled");
  expect(await queue.results(runId)).toHaveLength(1);
});

test("a run whose deadline passes is stopped and ends as an error that says so", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue, { deadlineS: 0.02 });
  working(queue, (_run, context) => untilStopped(context));
  const run = await ended(queue, runId);
  expect(run).toMatchObject({ outcome: "error", reason: "deadline_exceeded" });
  expect(run && apiStateOf(run)).toBe("failed");
});

test("of a run that failed after its deadline both is said", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue, { deadlineS: 0.02 });
  working(queue, async (_run, context) => {
    await untilStopped(context);
    throw new LabError("residue", "gateway still runs");
  });
  const reason = "deadline_exceeded; gateway still runs";
  expect(await ended(queue, runId)).toMatchObject({ outcome: "error", reason });
});

test("a worker that loses its lease is told so and changes nothing of the attempt that took its run over", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  const begun = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<string>();
  working(
    queue,
    async (_run, context) => {
      begun.resolve();
      await untilStopped(context);
      lost.resolve(String((context.signal.reason as Error).message));
      return PASSED;
    },
    // It renews rarely, and what it has ends at once.
    { times: { ...TIMES, leaseMs: -1, heartbeatMs: 200 } },
  );
  await begun.promise;
  const taken = await queue.claim({ worker: "another", labels: [], concurrency: 1 }, 60_000);
  expect(taken).toMatchObject({ runId, attempt: 2, worker: "another" });
  expect(await lost.promise).toBe("the lease was lost");
  expect(await queue.get(runId)).toMatchObject({
    state: "running",
    attempt: 2,
    worker: "another",
    cancelRequested: false,
  });
  expect((await queue.attempts(runId)).map(({ ending }) => ending)).toEqual(["lost", null]);
});

test("a worker that stops gives its run back once it is restored, and another carries it out", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  const begun = Promise.withResolvers<void>();
  const first = working(queue, (_run, context) => {
    begun.resolve();
    return untilStopped(context);
  });
  await begun.promise;
  first.stop();
  await first.over;
  expect(await queue.get(runId)).toMatchObject({ state: "queued", attempt: 1 });
  expect(await queue.workers(60_000)).toEqual([]);
  working(queue, async () => PASSED);
  expect(await ended(queue, runId)).toMatchObject({ outcome: "passed", attempt: 2 });
  expect((await queue.attempts(runId)).map(({ ending }) => ending)).toEqual(["released", "passed"]);
});

test.each<[string, () => AttemptEnding, object]>([
  [
    "what it could not restore",
    () => ({ outcome: "residue", reason: "payments-mcp is stopped", summary: null }),
    { outcome: "residue", reason: "payments-mcp is stopped" },
  ],
  [
    "a failure of its rollback",
    () => ({ outcome: "error", reason: "the rollback failed: the driver is gone", summary: null }),
    { outcome: "error", reason: "the rollback failed: the driver is gone" },
  ],
  [
    "a failure to take its stack down",
    () => {
      throw new LabError("residue", "gateway still runs", { hint: "kill process 7" });
    },
    { outcome: "error", reason: "gateway still runs (kill process 7)" },
  ],
])("of a run that was cancelled %s is said", async (_what, end, expected) => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  const begun = Promise.withResolvers<void>();
  working(queue, async (_run, context) => {
    begun.resolve();
    await untilStopped(context);
    return end();
  });
  await begun.promise;
  await queue.cancel(runId);
  expect(await ended(queue, runId)).toMatchObject(expected);
});

test("a run that was cancelled before it did anything ends as cancelled", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  const begun = Promise.withResolvers<void>();
  working(queue, async (_run, context) => {
    begun.resolve();
    await untilStopped(context);
    throw context.signal.reason;
  });
  await begun.promise;
  await queue.cancel(runId);
  expect(await ended(queue, runId)).toMatchObject({ outcome: "cancelled", reason: "cancelled by request" });
});

test("a worker goes on when the queue fails for a time, and records an end then", async () => {
  const real = await openQueue();
  const runId = await submitted(real);
  let isDown = true;
  let refused = 0;
  const flaky = new Proxy(real, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (name !== "finish" || !isDown) return method.apply(target, args);
        refused++;
        isDown = false;
        return Promise.reject(new Error("connection refused"));
      };
    },
  });
  working(flaky, async () => PASSED);
  expect(await ended(real, runId)).toMatchObject({ outcome: "passed", attempt: 1 });
  expect(refused).toBe(1);
});

test("an attempt that could not go on because the database was away is given back, and the run carried out again", async () => {
  const queue = await openQueue();
  const runId = await submitted(queue);
  let isAway = true;
  working(queue, async () => {
    if (!isAway) return PASSED;
    isAway = false;
    throw new StoreUnreachable("unreachable", "the database cannot be reached");
  });
  expect(await ended(queue, runId)).toMatchObject({ outcome: "passed", attempt: 2 });
  expect(await queue.attempts(runId)).toMatchObject([
    { ending: "released", reason: "the database cannot be reached" },
    { ending: "passed" },
  ]);
});
