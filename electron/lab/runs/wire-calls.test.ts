import { expect, onTestFinished, test, vi } from "vitest";
import { printEvent } from "../../model/catalogue/catalogue.ts";
import type { EventOf, LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { ExpiringLimit, inForce } from "../../testing/expiring-limit.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { LINK, NEVER_ANSWERED, type SmallStack } from "../../testing/small-stack.ts";
import { send, toolCall } from "../../testing/through-link.ts";
import type * as abortScope from "../abort-scope.ts";
import { systemClock } from "../clock.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { check } from "../scenarios/check-schema.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { Scenario } from "../scenarios/schema.ts";
import { StrayErrors } from "../stray-errors.ts";
import { CLOSE_LIMIT_MS } from "./leaves-open.ts";
import { SCENARIO_POLICY } from "./run-policy.ts";
import { carryOut } from "./runner.ts";

vi.mock("../abort-scope.ts", async (original) => {
  const { withLimitInForce } = await import("../../testing/expiring-limit.ts");
  return withLimitInForce(await original<typeof abortScope>());
});

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});
const never = new AbortController().signal;

/** A run whose method sends requests through the link of the stack, which has no record of decisions. */
async function run(checks: object[], method: (context: RunContext) => Promise<unknown>, more: Partial<Scenario> = {}) {
  const scenario: Scenario = {
    id: "x",
    title: "x",
    patterns: [],
    steadyState: [{ service: "server", is: "up" }],
    method: [],
    expect: checks.map((each) => check.parse(each)),
    ...more,
  };
  const parts = { stack: stack.running, history, journal: stack.faults, clock: systemClock };
  const events: LabEvent[] = [];
  const plan = {
    scenario,
    source: "x",
    policy: SCENARIO_POLICY,
    passedReason: "",
    method: async (context: RunContext) => void (await method(context)),
  };
  const runner = { ...parts, labVersion: "0.0.0", strays: new StrayErrors() };
  const result = await carryOut(plan, runner, never, (event) => events.push(event));
  const calls = events.filter((event): event is EventOf<"wire.call"> => event.type === "wire.call");
  return { ...result, events, calls, view: RunModel.of(events) };
}

test("calls through the fault proxy are logged, shown on their link and counted by checks, with nothing armed", async () => {
  const checks = [
    { mustInclude: ["a", "b"] },
    { mustNotInclude: ["c"] },
    { trajectory: { tools: ["a", "b"], match: "EXACT" } },
    { count: { calls: "ok", exactly: 2 } },
    { count: { calls: "error", exactly: 0 } },
  ];
  await send(stack.linkUrl, toolCall("before"));
  const { outcome, reason, calls, events, view } = await run(checks, async () => {
    await send(stack.linkUrl, toolCall("a"));
    await send(stack.linkUrl, toolCall("b"));
    await send(stack.linkUrl);
  });
  expect([outcome, reason]).toEqual(["passed", ""]);
  expect(calls).toMatchObject([
    { link: LINK, http: "POST /", method: "tools/call", tool: "a", status: 200, outcome: "ok", isCounted: true },
    { tool: "b", outcome: "ok" },
    { http: "GET /", outcome: "ok", status: 200 },
  ]);
  expect(calls[2]).not.toHaveProperty("isCounted");
  expect(view.wireCalls.map(({ name, status }) => [name, status])).toEqual([
    ["a", "ok"],
    ["b", "ok"],
    ["GET /", "ok"],
  ]);
  for (const { startMs, endMs } of view.wireCalls) expect(endMs).toBeGreaterThanOrEqual(startMs);
  const printed = events
    .flatMap(printEvent)
    .map(({ word = "", parts }) => `${word} ${parts.map(({ text }) => text).join("")}`);
  expect(printed.filter((line) => line.startsWith(`call ${LINK} `))).toHaveLength(2);
});

test("a call that met a fault leads to it, and a check that counts the calls fails by it", async () => {
  const { outcome, reason, calls, view } = await run(
    [{ count: { calls: "error", exactly: 0 } }],
    async ({ faults }) => {
      await faults.apply({ http_status: LINK, status: 503, match: { tool: "a" } }, never);
      await send(stack.linkUrl, toolCall("a"));
      await send(stack.linkUrl, toolCall("b"));
    },
  );
  expect([outcome, reason]).toEqual([
    "failed",
    "count: expected calls that ended in error: exactly 0; observed calls that ended in error: 1",
  ]);
  expect(calls).toMatchObject([
    { tool: "a", outcome: "error", error: "HTTP 503" },
    { tool: "b", outcome: "ok", faults: [] },
  ]);
  const [fault] = view.faults;
  expect(view.wireCalls[0]?.links).toEqual([fault?.id]);
  expect(calls[0]?.faults).toEqual([fault?.attributes.fault]);
});

test("a call that is under way counts as made, and leaves checks on how calls ended undecided", async () => {
  const pending: Promise<unknown>[] = [];
  const { outcome, reason, view } = await run(
    [{ mustInclude: ["a"] }, { count: { calls: "ok", exactly: 0 } }],
    async ({ faults }) => {
      await faults.apply({ http_delay: LINK, by: 60_000 }, never);
      pending.push(send(stack.linkUrl, toolCall("a"), 60_000));
      await expect.poll(async () => (await fetch(`${stack.proxyUrl}/wire`)).text()).toContain('"tool":"a"');
    },
  );
  expect([outcome, reason]).toEqual(["inconclusive", expect.stringContaining("it is not known how a ended")]);
  expect(view.checks[0]?.event.passed).toBe(true);
  await Promise.all(pending);
});

test("a call on a link that is open when the method ends, and never ends, fails a run that leaves nothing open", async () => {
  const limit = new ExpiringLimit(CLOSE_LIMIT_MS);
  inForce.limit = limit;
  const gone = new AbortController();
  onTestFinished(() => {
    inForce.limit = undefined;
    gone.abort();
  });
  const body = JSON.stringify(toolCall(NEVER_ANSWERED));
  const headers = { "content-type": "application/json" };
  const { outcome, reason } = await run(
    [{ count: { calls: "any", exactly: 1 } }],
    async (context) => {
      void fetch(stack.linkUrl, { method: "POST", headers, body, signal: gone.signal }).catch(() => {});
      await context.waitUntil(({ wireCalls }) => wireCalls.some(({ name }) => name === NEVER_ANSWERED), "wire", never);
      const { readCalls } = context;
      context.readCalls = () => {
        if (context.view().phases.at(-1)?.name === "steady state after") limit.expire();
        return readCalls.call(context);
      };
    },
    { leavesOpen: "nothing" },
  );
  expect([outcome, reason]).toEqual([
    "failed",
    `leavesOpen: expected nothing; observed call of ${NEVER_ANSWERED} on ${LINK} has not ended`,
  ]);
});

test("bodies are logged where the scenario asks for them, without secrets", async () => {
  const observe = [{ link: LINK, bodies: true }];
  const password = "correct-horse-battery";
  const { calls } = await run(
    [{ within: "5m" }],
    async () => {
      await send(stack.linkUrl, { ...toolCall("a"), password });
    },
    { observe },
  );
  expect(calls[0]?.requestBody).toMatchObject({ method: "tools/call" });
  expect(JSON.stringify(calls)).not.toContain(password);
  expect(calls[0]?.replyBody).toMatchObject({ result: {} });
});
