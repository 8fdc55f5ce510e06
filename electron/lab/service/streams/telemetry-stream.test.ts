import { expect, test } from "vitest";
import type { StreamMessage } from "../../../contract/events.ts";
import { openStore } from "../../history/testing/sqlite-under-test.ts";
import { newRun } from "../../history/testing/store-under-test.ts";
import { sampleSpan } from "../../history/testing/telemetry-contract.ts";
import { Credit } from "./credit.ts";
import { telemetryStream } from "./telemetry-stream.ts";

const RUN = "run-1";

async function live() {
  const history = await openStore();
  await history.begin(newRun(RUN));
  const listeners = new Set<(runId: string) => void>();
  let isJoining = true;
  const telemetry = {
    isJoining: () => isJoining,
    onStored: (listener: (runId: string) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const store = async (...names: string[]) => {
    await history.addTelemetry(
      RUN,
      names.map((name) => sampleSpan({ name })),
    );
    for (const listener of listeners) listener(RUN);
  };
  const over = () => {
    isJoining = false;
    for (const listener of listeners) listener(RUN);
  };
  const follow = (after = 0, signal = new AbortController().signal) =>
    telemetryStream({ runId: RUN, after, history, telemetry }, { credit: new Credit(), behind: () => 0 }, signal);
  return { store, over, follow, listeners };
}

function namesOf(message: StreamMessage | undefined): unknown {
  return message?.type === "telemetry" && message.records.map((record) => "name" in record && record.name);
}

test("spans come from the history and then as they are stored, until no more can arrive", async () => {
  const { store, over, follow, listeners } = await live();
  await store("a", "b");
  const stream = follow();
  const first = (await stream.next()).value as StreamMessage;
  expect([first.message, namesOf(first)]).toEqual([1, ["a", "b"]]);
  const second = stream.next();
  await store("c");
  expect(namesOf((await second).value as StreamMessage)).toEqual(["c"]);
  const last = stream.next();
  over();
  expect((await last).done).toBe(true);
  expect(listeners.size).toBe(0);
  const resumed = follow((first as { next: number }).next);
  expect(namesOf((await resumed.next()).value as StreamMessage)).toEqual(["c"]);
});

test("a window that goes ends its stream", async () => {
  const { follow, listeners } = await live();
  const gone = new AbortController();
  const stream = follow(0, gone.signal);
  const next = stream.next();
  gone.abort(new Error("the window has gone"));
  await expect(next).rejects.toThrow("the window has gone");
  expect(listeners.size).toBe(0);
});
