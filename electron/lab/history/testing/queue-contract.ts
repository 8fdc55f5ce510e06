import { describe, expect, onTestFinished, test } from "vitest";
import type { StoreLocation } from "../history-threads.ts";
import { openQueueStore } from "../open-queue-store.ts";
import type { Lease, NewQueuedRun, QueuedRun, QueueStore, QueueWorker } from "../queue-store.ts";
import { numbersTo } from "./store-under-test.ts";

const LEASE_MS = 60_000;
const MOST_QUEUED = 100;
/** A lease that has ended before it began: the clock need not be waited for. */
const ENDED_MS = -1;

const newQueued = (runId: string, change: Partial<NewQueuedRun> = {}): NewQueuedRun => ({
  runId,
  spec: { scenario: "mcp-crash" },
  labels: [],
  maxAttempts: 3,
  deadlineMs: 60_000,
  ...change,
});
const worker = (name: string, labels: string[] = []): QueueWorker => ({ worker: name, labels, concurrency: 1 });
const leaseOf = ({ runId, attempt, worker }: QueuedRun): Lease => ({ runId, attempt, worker: worker ?? "" });

/** Into a queue that has room. */
async function submit(queue: QueueStore, runId: string, change: Partial<NewQueuedRun> = {}) {
  const submitted = await queue.submit(newQueued(runId, change), MOST_QUEUED);
  if (submitted === undefined) throw new Error("the queue is full");
  return submitted;
}

async function claimed(queue: QueueStore, name: string, leaseMs = LEASE_MS): Promise<Lease> {
  const run = await queue.claim(worker(name), leaseMs);
  if (run === undefined) throw new Error("nothing could be claimed");
  return leaseOf(run);
}

/** Contract tests of a queue, independent of its storage. @param locate new, empty data for a test */
export function describeQueue(name: string, locate: () => StoreLocation): void {
  const openAt = async (location: StoreLocation) => {
    const queue = await openQueueStore(location);
    onTestFinished(() => queue.close());
    return queue;
  };
  const open = () => openAt(locate());

  describe(`the queue in ${name}`, () => {
    test("keeps a submitted run; submitting its id again gives the one that is there, in whatever state", async () => {
      const queue = await open();
      const { run, isNew } = await submit(queue, "a", { labels: ["gpu"] });
      expect(isNew).toBe(true);
      expect(run).toMatchObject({
        runId: "a",
        state: "queued",
        attempt: 0,
        labels: ["gpu"],
        outcome: null,
        worker: null,
      });
      const again = await submit(queue, "a", { spec: { scenario: "another" } });
      expect(again).toMatchObject({ isNew: false, run: { spec: { scenario: "mcp-crash" } } });
      await queue.cancel("a");
      expect((await submit(queue, "a")).run).toMatchObject({ state: "ended", outcome: "cancelled" });
      expect(await queue.get("nobody")).toBeUndefined();
    });

    test("adds no run when as many are queued as may; one that is there is still given, and those that run do not count", async () => {
      const queue = await open();
      await submit(queue, "running");
      await claimed(queue, "w");
      for (const id of ["a", "b"]) expect(await queue.submit(newQueued(id), 2)).toMatchObject({ isNew: true });
      expect(await queue.submit(newQueued("c"), 2)).toBeUndefined();
      expect(await queue.get("c")).toBeUndefined();
      expect(await queue.submit(newQueued("a"), 2)).toMatchObject({ isNew: false, run: { runId: "a" } });
      await queue.cancel("a");
      expect(await queue.submit(newQueued("c"), 2)).toMatchObject({ isNew: true, run: { runId: "c" } });
    });

    test("gives the oldest run to one of many workers, each run once", async () => {
      const location = locate();
      const [one, two] = [await openAt(location), await openAt(location)];
      for (const at of numbersTo(40)) await submit(one, `run-${at}`);
      expect((await one.claim(worker("first"), LEASE_MS))?.runId).toBe("run-1");
      const claims = await Promise.all(
        numbersTo(50).map((at) => (at % 2 === 0 ? one : two).claim(worker(`w-${at}`), LEASE_MS)),
      );
      const runIds = claims.flatMap((run) => run?.runId ?? []);
      expect(new Set(runIds).size).toBe(39);
      expect(runIds).toHaveLength(39);
      expect(await one.counts()).toEqual({ queued: 0, running: 40, ended: 0 });
    });

    test("gives a run that asks for labels only to a worker that has them all, and does not delay the others", async () => {
      const queue = await open();
      await submit(queue, "a", { labels: ["docker", "gpu"] });
      await submit(queue, "b");
      expect((await queue.claim(worker("plain"), LEASE_MS))?.runId).toBe("b");
      expect(await queue.claim(worker("half", ["gpu"]), LEASE_MS)).toBeUndefined();
      expect((await queue.claim(worker("able", ["gpu", "linux", "docker"]), LEASE_MS))?.runId).toBe("a");
    });

    test("gives a worker that takes only runs of a label no other, also when that is changed; and lists by labels", async () => {
      const queue = await open();
      await submit(queue, "any");
      await submit(queue, "left", { labels: ["lab:1:a"] });
      await submit(queue, "guest", { labels: ["lab:1:b:terminal"] });
      const window = worker("window", ["lab:1:b", "lab:1:b:terminal"]);
      expect(await queue.claim({ ...window, only: "lab:1:b" }, LEASE_MS)).toBeUndefined();
      expect((await queue.claim({ ...window, only: "lab:1:b:terminal" }, LEASE_MS))?.runId).toBe("guest");
      const listed = await queue.list({ labelled: "lab:1:", notLabelled: "lab:1:b", limit: 10 });
      expect(listed.map(({ runId }) => runId)).toEqual(["left"]);
      expect(await queue.relabel("left", ["lab:1:b"])).toBe(true);
      const lease = leaseOf((await queue.claim({ ...window, only: "lab:1:b" }, LEASE_MS)) as QueuedRun);
      expect(lease.runId).toBe("left");
      await queue.finish(lease, { outcome: "passed", reason: "", summary: null });
      expect(await queue.relabel("left", [])).toBe(false);
    });

    test("keeps results and the ending of the attempt that has the lease; a repeated result overwrites", async () => {
      const queue = await open();
      await submit(queue, "a");
      const lease = await claimed(queue, "w");
      expect(await queue.get("a")).toMatchObject({ state: "running", attempt: 1, worker: "w" });
      expect(await queue.heartbeat(lease, LEASE_MS)).toBe("held");
      expect(await queue.addHistoryRun(lease, "h-1")).toBe(true);
      const result = { resultId: "r", item: "i", evaluator: "e", body: { status: "failed" } };
      expect(await queue.putResults(lease, [result])).toBe(true);
      expect(await queue.putResults(lease, [{ ...result, body: { status: "passed", scores: [null, 1, null] } }])).toBe(
        true,
      );
      const ending = { outcome: "failed", reason: "a check failed", summary: { failed: 1 } } as const;
      expect(await queue.finish(lease, ending)).toBe(true);
      expect(await queue.get("a")).toMatchObject({ state: "ended", leaseLeftMs: null, ...ending });
      expect(await queue.results("a")).toMatchObject([
        { runId: "a", attempt: 1, body: { status: "passed", scores: [null, 1, null] } },
      ]);
      expect(await queue.attempts("a")).toMatchObject([
        { attempt: 1, worker: "w", ending: "failed", historyRuns: ["h-1"] },
      ]);
      expect(await queue.finish(lease, ending)).toBe(false);
      expect(await queue.attemptOf("h-1")).toEqual({ runId: "a", attempt: 1 });
      expect(await queue.attemptOf("h")).toBeUndefined();
    });

    test("gives a run whose lease has ended to another worker; what the earlier attempt writes then is refused", async () => {
      const queue = await open();
      await submit(queue, "a");
      const stale = await claimed(queue, "one", ENDED_MS);
      const lease = await claimed(queue, "two");
      expect(lease).toEqual({ runId: "a", attempt: 2, worker: "two" });
      expect(await queue.heartbeat(stale, LEASE_MS)).toBe("lost");
      const result = { resultId: "r", item: "i", evaluator: "e", body: "stale" };
      expect(await queue.putResults(stale, [result])).toBe(false);
      expect(await queue.addHistoryRun(stale, "h")).toBe(false);
      expect(await queue.release(stale, "stopped")).toBe(false);
      expect(await queue.finish(stale, { outcome: "passed", reason: "", summary: null })).toBe(false);
      expect(await queue.results("a")).toEqual([]);
      expect(await queue.get("a")).toMatchObject({ state: "running", attempt: 2, worker: "two" });
      expect(await queue.attempts("a")).toMatchObject([
        { attempt: 1, worker: "one", ending: "lost", historyRuns: [] },
        { attempt: 2, worker: "two", ending: null, endedWallMs: null },
      ]);
    });

    test("a renewed lease is kept, and a worker may renew one that has ended and that nobody has taken", async () => {
      const queue = await open();
      await submit(queue, "a");
      const lease = await claimed(queue, "one", ENDED_MS);
      expect((await queue.get("a"))?.leaseLeftMs).toBeLessThan(0);
      expect(await queue.heartbeat(lease, LEASE_MS)).toBe("held");
      expect((await queue.get("a"))?.leaseLeftMs).toBeGreaterThan(0);
      expect(await queue.claim(worker("two"), LEASE_MS)).toBeUndefined();
    });

    test("ends a run without attempts left as interrupted, its lease called lost; none stays running", async () => {
      const queue = await open();
      await submit(queue, "a", { maxAttempts: 2 });
      await submit(queue, "attached", { maxAttempts: 1 });
      await claimed(queue, "one", ENDED_MS);
      expect(await queue.reap()).toEqual([]);
      await claimed(queue, "two", ENDED_MS);
      await claimed(queue, "three", ENDED_MS);
      expect(await queue.claim(worker("four"), LEASE_MS)).toBeUndefined();
      expect((await queue.reap()).map(({ runId }) => runId).toSorted()).toEqual(["a", "attached"]);
      expect(await queue.reap()).toEqual([]);
      expect(await queue.get("a")).toMatchObject({
        state: "ended",
        outcome: "interrupted",
        reason: "lease lost in attempt 2 of 2",
      });
      expect((await queue.attempts("a")).map(({ ending }) => ending)).toEqual(["lost", "lost"]);
      expect(await queue.get("attached")).toMatchObject({ outcome: "interrupted", attempt: 1 });
    });

    test("cancels a queued run at once, asks a running one, and ends one whose worker is gone; an ended one stays as it is", async () => {
      const queue = await open();
      for (const id of ["running", "gone", "done", "queued"]) await submit(queue, id);
      const running = await claimed(queue, "one");
      await claimed(queue, "two", ENDED_MS);
      const done = await claimed(queue, "three");
      expect(done.runId).toBe("gone");
      await queue.finish(done, { outcome: "passed", reason: "ok", summary: null });
      const last = await claimed(queue, "four", ENDED_MS);
      expect(last.runId).toBe("done");
      expect(await queue.cancel("queued")).toMatchObject({
        state: "ended",
        outcome: "cancelled",
        cancelRequested: true,
      });
      expect(await queue.cancel("running")).toMatchObject({ state: "running", cancelRequested: true });
      expect(await queue.heartbeat(running, LEASE_MS)).toBe("cancel");
      expect(await queue.cancel("gone")).toMatchObject({ state: "ended", outcome: "passed", cancelRequested: false });
      await queue.cancel("done");
      expect(await queue.claim(worker("five"), LEASE_MS)).toBeUndefined();
      expect(await queue.reap()).toMatchObject([{ runId: "done", outcome: "cancelled" }]);
      expect(await queue.cancel("nobody")).toBeUndefined();
    });

    test("a run that its worker gives back is claimed at once by another, unless it was cancelled or has no attempt left", async () => {
      const queue = await open();
      await submit(queue, "a", { maxAttempts: 2 });
      await submit(queue, "b");
      expect(await queue.release(await claimed(queue, "one"), "its worker stopped")).toBe(true);
      expect(await queue.get("a")).toMatchObject({ state: "queued", attempt: 1, worker: null });
      const second = await claimed(queue, "two");
      expect(second).toMatchObject({ runId: "a", attempt: 2 });
      await queue.release(second, "its worker stopped");
      expect(await queue.get("a")).toMatchObject({
        state: "ended",
        outcome: "interrupted",
        reason: "its worker stopped",
      });
      const b = await claimed(queue, "three");
      await queue.cancel("b");
      await queue.release(b, "its worker stopped");
      expect(await queue.get("b")).toMatchObject({ state: "ended", outcome: "cancelled" });
    });

    test("overrules a worker that holds its lease far beyond the deadline", async () => {
      const queue = await open();
      await submit(queue, "a", { deadlineMs: -120_000 });
      const lease = await claimed(queue, "one");
      expect(await queue.reap()).toMatchObject([
        { runId: "a", outcome: "error", reason: expect.stringContaining("deadline_exceeded") },
      ]);
      expect(await queue.heartbeat(lease, LEASE_MS)).toBe("lost");
    });

    test("each end of a run makes one delivery for each of its sinks, which one at a time has in hand, and only the last may end", async () => {
      const queue = await open();
      const spec = { sinks: [{ kind: "stdout" }, { kind: "stdout" }] };
      for (const id of ["finished", "cancelled", "reaped", "released"]) {
        await submit(queue, id, { spec, labels: ["gpu"], maxAttempts: 1 });
      }
      const take = async (id: string, leaseMs = LEASE_MS) => {
        const run = await queue.claim(worker(id, ["gpu"]), leaseMs);
        expect(run?.runId).toBe(id);
        return leaseOf(run as QueuedRun);
      };
      const finished = await take("finished");
      expect(await queue.takeDelivery(["gpu"], LEASE_MS)).toBeUndefined();
      await queue.finish(finished, { outcome: "passed", reason: "", summary: null });
      await queue.cancel("cancelled");
      await take("reaped", ENDED_MS);
      await queue.release(await take("released"), "its worker stopped");
      await queue.reap();
      for (const id of ["finished", "cancelled", "reaped", "released"]) {
        expect(await queue.deliveries(id)).toEqual(
          [0, 1].map((sink) => ({ runId: id, sink, state: "pending", tries: 0, problem: null })),
        );
      }
      expect(await queue.takeDelivery([], LEASE_MS)).toBeUndefined();
      const stale = await queue.takeDelivery(["gpu"], ENDED_MS);
      expect(stale).toEqual({ runId: "finished", sink: expect.any(Number), tries: 1 });
      // Taken again at once, since nobody has it any more: it is the one that has been due for longest.
      const again = await queue.takeDelivery(["gpu"], LEASE_MS);
      const others = await Promise.all(numbersTo(8).map(() => queue.takeDelivery(["gpu"], LEASE_MS)));
      const all = [again, ...others].flatMap((taken) => (taken === undefined ? [] : [taken]));
      expect(new Set(all.map(({ runId, sink }) => `${runId} ${sink}`)).size).toBe(8);
      expect(all).toHaveLength(8);
      const second = all.find(({ tries }) => tries === 2);
      expect(second).toMatchObject({ runId: stale?.runId, sink: stale?.sink });
      if (stale === undefined || second === undefined) return;
      expect(await queue.endDelivery(stale, { is: "delivered" })).toBe(false);
      expect(await queue.endDelivery(second, { is: "again", problem: "answered 500", afterMs: 0 })).toBe(true);
      expect((await queue.deliveries("finished"))[second.sink]).toMatchObject({
        state: "pending",
        problem: "answered 500",
      });
      const third = await queue.takeDelivery(["gpu"], LEASE_MS);
      expect(third).toEqual({ ...second, tries: 3 });
      expect(await queue.endDelivery({ ...second, tries: 3 }, { is: "delivered" })).toBe(true);
      expect(await queue.takeDelivery(["gpu"], LEASE_MS)).toBeUndefined();
    });

    test("removes the oldest ended runs beyond a limit, whole, but none that is open or that a sink has still to be sent", async () => {
      const queue = await open();
      await submit(queue, "unsent", { spec: { sinks: [{ kind: "stdout" }] } });
      await queue.cancel("unsent");
      for (const at of numbersTo(3)) {
        await submit(queue, `run-${at}`);
        const lease = await claimed(queue, "w");
        await queue.putResults(lease, [{ resultId: `r-${at}`, item: "i", evaluator: "e", body: {} }]);
        await queue.finish(lease, { outcome: "passed", reason: "", summary: null });
      }
      await submit(queue, "open");
      expect(await queue.trim(9)).toBe(0);
      expect(await queue.trim(1)).toBe(2);
      expect((await queue.list({ limit: 9 })).map(({ runId }) => runId)).toEqual(["open", "run-3", "unsent"]);
      expect(await queue.results("run-1")).toEqual([]);
      expect(await queue.attempts("run-1")).toEqual([]);
      expect(await queue.results("run-3")).toHaveLength(1);
    });

    test("lists runs newest first, by state and outcome, in pages; and the workers that reported", async () => {
      const queue = await open();
      for (const at of numbersTo(5)) await submit(queue, `run-${at}`);
      await queue.finish(await claimed(queue, "one"), { outcome: "failed", reason: "", summary: null });
      await queue.cancel("run-2");
      await claimed(queue, "two");
      const ids = async (filter: Parameters<QueueStore["list"]>[0]) =>
        (await queue.list(filter)).map(({ runId }) => runId);
      expect(await ids({ limit: 2 })).toEqual(["run-5", "run-4"]);
      expect(await ids({ limit: 9, states: ["queued", "running"] })).toEqual(["run-5", "run-4", "run-3"]);
      expect(await ids({ limit: 9, states: ["ended"], outcomes: ["cancelled"] })).toEqual(["run-2"]);
      expect(await ids({ limit: 9, beforeWallMs: 1 })).toEqual([]);
      const spec = { target: { kind: "inline", data: { spans: [] } }, evalSet: { cases: [] }, labels: ["gpu"] };
      await submit(queue, "evaluation", { spec });
      expect(await queue.list({ limit: 1 })).toMatchObject([{ spec }]);
      const brief = await queue.list({ limit: 1, isBrief: true });
      expect(brief.map((run) => run.spec)).toEqual([
        {
          target: { kind: "inline" },
          labels: ["gpu"],
          omittedBytes: ',"data":{"spans":[]},"evalSet":{"cases":[]}'.length,
        },
      ]);
      await queue.cancel("evaluation");
      expect(await queue.counts()).toEqual({ queued: 2, running: 1, ended: 3 });
      const reported = { worker: "w", labels: ["gpu"], concurrency: 2, pause: null };
      await queue.reportWorker(reported);
      expect(await queue.workers(60_000)).toEqual([reported]);
      const paused = { ...reported, pause: { why: "the lab is halted", next: "Arm it" } };
      await queue.reportWorker(paused);
      expect(await queue.workers(60_000)).toEqual([paused]);
      expect(await queue.workers(-60_000)).toEqual([]);
      await queue.forgetWorker("w");
      expect(await queue.workers(60_000)).toEqual([]);
    });
  });
}
