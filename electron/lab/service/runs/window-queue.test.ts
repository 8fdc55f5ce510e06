import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { QueueEntry } from "../../../contract/runs.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { openQueueStore } from "../../history/open-queue-store.ts";
import type { QueueStore } from "../../history/queue-store.ts";
import { LabError } from "../../lab-error.ts";
import { RunEntries } from "./run-entries.ts";
import { WindowQueue } from "./window-queue.ts";

const LABELS = {
  prefix: "lab:a:",
  window: "lab:a:b",
  terminal: "lab:a:b:terminal",
  accepting: "lab:a:b:terminal:accepting",
};

/** @param submit in the place of the store's own */
async function queueOf(submit: (own: QueueStore["submit"]) => QueueStore["submit"]) {
  const queue = await openQueueStore({ kind: "sqlite", file: join(temporaryFolder(), "history.db") });
  queue.submit = submit(queue.submit.bind(queue));
  const carriedOut: string[] = [];
  const entries = new RunEntries({ onChange: () => {}, onEnded: () => {}, wallMs: () => 0 });
  const window = new WindowQueue({
    open: async () => queue,
    onStoreChange: () => undefined,
    labels: LABELS,
    entries,
    pause: () => null,
    execute: async ({ runId }) => {
      carriedOut.push(runId);
      const entry = entries.find(runId);
      if (entry !== undefined) entries.end(entry, "passed", "");
      return { outcome: "passed", reason: "", summary: null };
    },
    onChange: () => {},
    notify: () => {},
  });
  onTestFinished(() => window.close());
  const add = (...ids: string[]) =>
    entries.add(
      ids.map((id) => ({ scenarioId: id, scenarioTitle: id, without: [], showsFailure: false, isCompared: false })),
    );
  const spec = () => ({ scenario: "a", stack: { kind: "open", lab: LABELS.window, hasOneAttempt: false } });
  const submitAll = (added: readonly QueueEntry[]) => window.submit(added.map((entry) => ({ entry, spec })));
  return { queue, window, carriedOut, add, submitAll };
}

test("a run that is cancelled while its row is being written is not carried out, and its row says cancelled", async () => {
  const mayAnswer = Promise.withResolvers<void>();
  const { queue, window, carriedOut, add, submitAll } = await queueOf((own) => async (run, ...more) => {
    await mayAnswer.promise;
    return own(run, ...more);
  });
  const [entry, next] = add("cancelled", "next") as [QueueEntry, QueueEntry];
  const submitting = submitAll([entry, next]);
  await window.opened();
  await window.cancel(entry.entryId);
  mayAnswer.resolve();
  await submitting;
  await expect.poll(async () => (await queue.get(next.entryId))?.state).toBe("ended");
  expect(carriedOut).toEqual([next.entryId]);
  expect(await queue.get(entry.entryId)).toMatchObject({ state: "ended", outcome: "cancelled" });
});

test("of runs that are submitted together those that could be kept are carried out, and the others end with the reason", async () => {
  let kept = 0;
  const { queue, add, submitAll } = await queueOf((own) => async (run, ...more) => {
    if (kept++ === 0) return own(run, ...more);
    throw new LabError("busy", "the queue is full");
  });
  const [first, second] = add("first", "second") as [QueueEntry, QueueEntry];
  await expect(submitAll([first, second])).rejects.toThrow("the queue is full");
  expect(second).toMatchObject({
    state: "ended",
    outcome: "error",
    reason: "it could not be queued: the queue is full",
  });
  await expect.poll(async () => (await queue.get(first.entryId))?.outcome).toBe("passed");
  expect(first).toMatchObject({ state: "ended", outcome: "passed" });
});
