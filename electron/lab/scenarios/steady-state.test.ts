import { describe, expect, onTestFinished, test } from "vitest";
import { type Asked, fakeContext, fakeGateway, fakeService } from "../../testing/fake-services.ts";
import { systemClock } from "../clock.ts";
import { scenario as schema } from "./schema.ts";
import { holdSteady, STEADY_LIMIT_MS } from "./steady-state.ts";
import { watchSteady } from "./watch-steady.ts";

const never = new AbortController().signal;
const ok = { result: { content: [{ type: "text", text: "done" }] } };
const failed = { error: { code: -32_000, message: "payments is gone", data: { decision: "upstream_error" } } };

function steadyOf(...steadyState: object[]) {
  const rest = { id: "x", title: "x", patterns: [], method: [{ wait: "1ms" }], expect: [{ within: "1s" }] };
  return schema.parse({ ...rest, steadyState }).steadyState;
}

/** The unmet demands when the stack's time is over after the first attempt. */
function holdOnce(steady: ReturnType<typeof steadyOf>, address: string) {
  return holdSteady(steady, contextOf(address, [0, STEADY_LIMIT_MS]), never);
}

/** With a clock that shows these times, one after the other. */
function contextOf(address: string, timesMs: number[]) {
  const { context } = fakeContext(address);
  const monotonicMs = () => timesMs.shift() ?? 0;
  return Object.assign(context, { clock: { ...systemClock, monotonicMs } });
}

const callsOf = (asked: readonly Asked[]) =>
  asked.filter(({ body }) => (body as { method?: string } | undefined)?.method === "tools/call");

describe("a steady state that demands a call", () => {
  const steady = steadyOf({ call: "lookup", arguments: { id: 7 }, is: "ok" });

  test("is met when the call succeeds, in a separate session and turn that is excluded and ended", async () => {
    const { address, asked } = await fakeGateway(() => ok);
    const { context } = fakeContext(address);
    expect(await holdSteady(steady, context, never)).toBeUndefined();
    expect(await holdSteady(steady, context, never)).toBeUndefined();
    const calls = callsOf(asked);
    expect(calls).toMatchObject([{ body: { params: { name: "lookup", arguments: { id: 7 } } } }, {}]);
    const turns = calls.map(({ headers }) => String(headers["x-mcp-turn-id"]));
    expect(new Set(turns).size).toBe(2);
    expect([...context.uncounted]).toEqual(expect.arrayContaining([...turns, "session-1"]));
    expect(asked.filter(({ method }) => method === "DELETE")).toHaveLength(2);
  });

  test("is tried again until the call succeeds", async () => {
    let calls = 0;
    const { address } = await fakeGateway(() => (++calls < 3 ? failed : ok));
    expect(await holdSteady(steady, fakeContext(address).context, never)).toBeUndefined();
    expect(calls).toBe(3);
  });

  test("is unmet when the call never succeeds, with its result", async () => {
    const { address } = await fakeGateway(() => failed);
    expect(await holdOnce(steady, address)).toMatch(
      /^call lookup ended in upstream_error \(.*payments is gone\), expected ok$/,
    );
  });

  test("is unmet when the tool itself answers with an error, or there is no answer", async () => {
    const { address } = await fakeGateway(() => ({ result: { ...ok.result, isError: true } }));
    expect(await holdOnce(steady, address)).toContain("ended in tool_error (done)");
    expect(await holdOnce(steady, "127.0.0.1:59999")).toMatch(/^call lookup: .*ECONNREFUSED/);
  });

  test("is tried for as long as a stack may take, the last time for as long as the call may take", async () => {
    let calls = 0;
    const { address } = await fakeGateway(() => (++calls < 2 ? failed : ok));
    const patient = steadyOf({ call: "lookup", arguments: { id: 7 }, is: "ok", within: "60s" });
    const late = contextOf(address, [0, STEADY_LIMIT_MS - 1, STEADY_LIMIT_MS + 50_000]);
    expect(await holdSteady(patient, late, never)).toBeUndefined();
    expect(await holdOnce(patient, (await fakeGateway(() => failed)).address)).toContain("upstream_error");
  });

  test("ends when the run is cancelled", async () => {
    const { address } = await fakeGateway(() => failed);
    const cancel = new AbortController();
    const holding = holdSteady(steady, fakeContext(address).context, cancel.signal);
    cancel.abort(new Error("cancelled"));
    await expect(holding).rejects.toThrow("cancelled");
  });
});

describe("a steady state that demands an HTTP answer", () => {
  const answer = () => ({ status: 200, json: { audit: { pending: 0 }, backends: ["a"] } });
  const http = { http: "gateway", path: "/health" };

  test.each<[object, string | undefined]>([
    [{}, undefined],
    [{ status: 200 }, undefined],
    [{ json: { audit: { pending: 0 } } }, undefined],
    [{ status: 503 }, "GET gateway/health answered 200, expected 503"],
    [
      { json: { audit: { pending: 1 } } },
      'GET gateway/health answered {"audit":{"pending":0},"backends":["a"]}, expected {"audit":{"pending":1}}',
    ],
  ])("%j: %s", async (more, why) => {
    const { address } = await fakeService(answer);
    expect(await holdOnce(steadyOf({ ...http, ...more }), address)).toBe(why);
  });

  test("is unmet when the answer is not 2xx, or comes too late", async () => {
    const refusing = await fakeService(() => ({ status: 404 }));
    expect(await holdOnce(steadyOf(http), refusing.address)).toBe("GET gateway/health answered 404, expected 2xx");
    const silent = await fakeService(() => undefined);
    const late = steadyOf({ ...http, within: "100ms" });
    expect(await holdOnce(late, silent.address)).toBe("GET gateway/health took longer than 100 ms");
  });
});

describe("what must hold throughout", () => {
  function watching(address: string, ...steadyState: object[]) {
    const { context } = fakeContext(address);
    Object.assign(context.stack.health, { onTransition: () => () => {} });
    const broken: string[] = [];
    const end = watchSteady(steadyOf(...steadyState), context, never, (why) => broken.push(why));
    onTestFinished(end);
    return { broken, end };
  }

  test("is checked repeatedly, and reported as soon as it is unmet", async () => {
    let isWell = true;
    const { address, asked } = await fakeGateway(() => (isWell ? ok : failed));
    const { broken } = watching(address, { call: "lookup", is: "ok", throughout: true });
    await expect.poll(() => callsOf(asked).length).toBeGreaterThan(1);
    expect(broken).toEqual([]);
    isWell = false;
    await expect
      .poll(() => broken)
      .toEqual([expect.stringMatching(/^in mid-run, call lookup ended in upstream_error/)]);
  });

  test("is checked at least once, and a check that is in progress at the end still counts", async () => {
    const { address, asked } = await fakeService(() => ({ status: 500 }));
    const { broken, end } = watching(address, { http: "gateway", path: "/", throughout: true });
    await end();
    expect(asked).toHaveLength(1);
    expect(broken).toEqual(["in mid-run, GET gateway/ answered 500, expected 2xx"]);
  });

  test("does not include what must only hold before and after", async () => {
    const { address, asked } = await fakeService(() => ({ status: 500 }));
    const { broken, end } = watching(address, { http: "gateway", path: "/" });
    await end();
    expect([broken, asked]).toEqual([[], []]);
  });
});
