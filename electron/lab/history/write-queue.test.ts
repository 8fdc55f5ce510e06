import { expect, onTestFinished, test } from "vitest";
import type { EventOf, LabEvent } from "../../model/lab-event.ts";
import { eventAt, passed, started } from "../../testing/sample-events.ts";
import { WriteQueue } from "./write-queue.ts";

interface Batch {
  seqs: number[];
  attempt: number;
  answer: (error?: Error) => void;
}

/** A queue whose writer is answered by the test. */
function slowlyWritten() {
  const batches: Batch[] = [];
  const write = (events: readonly LabEvent[], attempt: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    const answer = (error?: Error) => (error === undefined ? resolve([]) : reject(error));
    batches.push({ seqs: events.map(({ seq }) => seq), attempt, answer });
    return promise;
  };
  const queue = new WriteQueue(write, () => 1_000);
  onTestFinished(() => queue.stop());
  queue.open("run-1");
  const add = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => queue.add(eventAt(from + at, started)));
  return { queue, batches, add };
}

const turn = () => new Promise(setImmediate);

test("a limited number of batches is at the writer at once, the others follow as it answers", async () => {
  const { queue, batches, add } = slowlyWritten();
  const answers = add(1, 512 * 40);
  expect(batches.map(({ seqs }) => seqs.length)).toEqual(Array(32).fill(512));
  batches[0]?.answer();
  expect(await answers[0]).toBe(512);
  await turn();
  expect(batches).toHaveLength(33);
  expect(queue.firstUnsaved("run-1")).toBe(513);
  for (let at = 1; at < 40; at++) {
    batches[at]?.answer();
    await turn();
  }
  expect(await answers.at(-1)).toBe(512 * 40);
  expect(queue.waitingEvents).toBe(0);
});

test("a failed batch and all later ones are written again, in order, as another attempt", async () => {
  const { queue, batches, add } = slowlyWritten();
  const answers = add(1, 512 * 4);
  batches[0]?.answer();
  for (const batch of batches.slice(1)) batch.answer(new Error("disk is full"));
  await turn();
  expect(queue.failure).toEqual({ sinceWallMs: 1_000, reason: "disk is full" });
  expect(queue.firstUnsaved("run-1")).toBe(513);
  const ending = queue.end(eventAt(2_049, passed) as EventOf<"run.ended">);
  // One at a time until writing works again.
  expect(batches).toHaveLength(5);
  expect(batches[4]).toMatchObject({ attempt: 1 });
  for (let at = 4; at < batches.length; at++) {
    batches[at]?.answer();
    await turn();
  }
  expect(await ending).toBe(2_049);
  expect(batches.slice(4).flatMap(({ seqs }) => seqs)).toEqual(Array.from({ length: 1_537 }, (_, at) => 513 + at));
  expect(await Promise.all(answers)).toEqual(expect.arrayContaining([512, 2_048]));
  expect(queue.failure).toBeUndefined();
});

test("an answer to an abandoned attempt changes nothing", async () => {
  const { queue, batches, add } = slowlyWritten();
  add(1, 512 * 2);
  batches[0]?.answer(new Error("disk is full"));
  await turn();
  const flushing = queue.flush();
  batches[1]?.answer();
  await turn();
  expect(queue.firstUnsaved("run-1")).toBe(1);
  for (let at = 2; at < batches.length; at++) {
    batches[at]?.answer();
    await turn();
  }
  await flushing;
  expect(queue.firstUnsaved("run-1")).toBeUndefined();
});
