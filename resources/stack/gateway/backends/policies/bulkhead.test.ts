import { expect, it } from "vitest";
import { reply, scriptedUpstream } from "../../testing/scripted-upstream.ts";
import type { UpstreamReply } from "../upstream-reply.ts";
import { bulkhead } from "./bulkhead.ts";

/** Calls that last until they are ended, oldest first. */
function heldCalls(limit: number) {
  const ends: (() => void)[] = [];
  const upstream = bulkhead(
    scriptedUpstream(
      () =>
        new Promise<UpstreamReply>((resolve) => {
          ends.push(() => resolve(reply()));
        }),
    ),
    limit,
  );
  const call = (deadlineMs = 60_000, signal?: AbortSignal) =>
    upstream.request("tools/call", {}, { deadlineMs, signal }).then(
      () => "done",
      (error: Error) => error.message,
    );
  return { ends, call };
}

it("sends no more calls at once than its limit, and the next ones in their order", async () => {
  const { ends, call } = heldCalls(2);
  const order: string[] = [];
  const calls = ["a", "b", "c", "d"].map((name) => call().then(() => order.push(name)));
  await Promise.resolve();
  for (let sent = 2; sent <= 4; sent += 1) {
    expect(ends).toHaveLength(Math.min(sent, 4));
    ends[sent - 2]?.();
    await calls[sent - 2];
    await Promise.resolve();
  }
  ends[3]?.();
  await Promise.all(calls);
  expect(order).toEqual(["a", "b", "c", "d"]);
});

it("refuses at once what would have to wait behind as many, and sends it nowhere", async () => {
  const { ends, call } = heldCalls(1);
  const held = [call(), call()];
  expect(await call()).toBe("bulkhead full: 1 calls are in progress, 1 wait");
  ends[0]?.();
  await held[0];
  await Promise.resolve();
  ends[1]?.();
  expect([await held[1], ends.length]).toEqual(["done", 2]);
});

it("lets nobody wait beyond the deadline, or for a caller that has left; their places are free again", async () => {
  const { ends, call } = heldCalls(1);
  const held = call();
  expect(await call(20)).toBe("bulkhead full: no place within the deadline of 20 ms");
  const leaving = new AbortController();
  const left = call(60_000, leaving.signal);
  leaving.abort(new Error("caller left"));
  expect(await left).toBe("caller left");
  const next = call();
  ends[0]?.();
  expect(await held).toBe("done");
  await Promise.resolve();
  ends[1]?.();
  expect(await next).toBe("done");
});
