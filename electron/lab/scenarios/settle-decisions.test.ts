import { expect, onTestFinished, test, vi } from "vitest";
import { ExpiringLimit, inForce } from "../../testing/expiring-limit.ts";
import { fakeContext, fakeService } from "../../testing/fake-services.ts";
import { decided } from "../../testing/sample-events.ts";
import type * as abortScope from "../abort-scope.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { RunContext } from "./run-context.ts";
import { noteDropped, settleDecisions } from "./settle-decisions.ts";

vi.mock("../abort-scope.ts", async (original) => {
  const { withLimitInForce } = await import("../../testing/expiring-limit.ts");
  return withLimitInForce(await original<typeof abortScope>());
});
/** The wait's limit runs out the next time that the wait pauses. */
function expireAtPause(context: RunContext): void {
  const expiring = new ExpiringLimit(5_000);
  inForce.limit = expiring;
  onTestFinished(() => {
    inForce.limit = undefined;
  });
  const sleep: Clock["sleep"] = async (_ms, signal) => {
    expiring.expire();
    signal.throwIfAborted();
  };
  Object.assign(context, { clock: { ...systemClock, sleep } });
}

const never = new AbortController().signal;

/** A gateway that reports how many rows it has left to write, and a readable log. */
async function settling(pending: () => number | undefined | "no answer", dropped = () => 0) {
  const { address } = await fakeService(() => {
    const left = pending();
    return left === "no answer" ? undefined : { json: { audit: { pending: left, dropped: dropped() } } };
  });
  const { context, log } = fakeContext(address);
  (context.stack.stack.services as object[]).push({ name: "the-gateway", role: "gateway", probe: { http: "/health" } });
  return { context, log };
}

test("nothing is missing once the gateway has nothing left to write", async () => {
  let left = 3;
  const { context } = await settling(() => left--);
  expect(await settleDecisions(context, never)).toEqual([]);
  expect(left).toBe(-1);
});

test("rows that the gateway still has to write when the wait ends are missing", async () => {
  const { context } = await settling(() => 2);
  expireAtPause(context);
  expect(await settleDecisions(context, never)).toMatchObject([
    { why: expect.stringMatching(/^after .* the gateway still had 2 audit rows to write$/) },
  ]);
});

test("a gateway that does not answer may have rows left to write", async () => {
  const { context } = await settling(() => {
    inForce.limit?.expire();
    return "no answer";
  });
  expireAtPause(context);
  expect(await settleDecisions(context, never)).toMatchObject([
    { why: expect.stringContaining("the gateway had not reported whether it has audit rows left to write") },
  ]);
});

test("a gateway that is down may have rows on its disk, and is not waited for", async () => {
  const { context } = await settling(() => 0);
  context.url = () => "http://127.0.0.1:1/health";
  expect(await settleDecisions(context, never)).toMatchObject([
    { why: "the gateway is down and may have audit rows that it writes when it is up again" },
  ]);
});

test("rows that the gateway has dropped since the method started are missing, also after its restart", async () => {
  let dropped = 7;
  const { context } = await settling(
    () => 0,
    () => dropped,
  );
  await noteDropped(context, never);
  expect(await settleDecisions(context, never)).toEqual([]);
  dropped = 8;
  expect(await settleDecisions(context, never)).toEqual([
    { why: "the gateway has dropped 1 audit row that it had no space for" },
  ]);
  dropped = 2;
  expect(await settleDecisions(context, never)).toMatchObject([
    { why: expect.stringContaining("dropped 3 audit rows") },
  ]);
});

test("rows may be missing when they keep arriving from a gateway that does not report its pending rows", async () => {
  const { context, log } = await settling(() => undefined);
  expireAtPause(context);
  let row = 0;
  context.decisions = {
    missing: () => [],
    close: async () => {},
    read: async () => {
      log.append(decided({ rowId: String(++row), callId: String(row) }));
      return true;
    },
  };
  expect(await settleDecisions(context, never)).toMatchObject([{ why: expect.stringContaining("still arriving") }]);
});

test("a log that cannot be reached is not waited for", async () => {
  const { context } = await settling(() => 5);
  const missing = [{ why: "the audit log cannot be read: gone" }];
  context.decisions = { read: async () => false, missing: () => missing, close: async () => {} };
  expect(await settleDecisions(context, never)).toEqual(missing);
});
