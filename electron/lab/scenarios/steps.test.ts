import { getEventListeners } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fakeContext, fakeGateway, fakeService } from "../../testing/fake-services.ts";
import { decided } from "../../testing/sample-events.ts";
import type * as abortScope from "../abort-scope.ts";
import { LabError } from "../lab-error.ts";
import { step as schema } from "./schema.ts";
import { runStep } from "./steps.ts";

/** Replaces the clock in tests of time limits: every limit is over when it aborts. */
const limits = vi.hoisted(() => ({ expired: undefined as AbortSignal | undefined }));
vi.mock("../abort-scope.ts", async (original) => {
  const real = await original<typeof abortScope>();
  const within: typeof real.within = (signal, ms, work) => {
    if (limits.expired === undefined) return real.within(signal, ms, work);
    const limited = AbortSignal.any([signal, limits.expired]);
    return real.orAbort(work(limited), limited);
  };
  return { ...real, within };
});

const never = new AbortController().signal;
const doStep = (written: object, context: Parameters<typeof runStep>[1], signal = never) =>
  runStep(schema.parse(written), context, signal);
const ok = { result: { content: [{ type: "text", text: "done" }] } };
const refused = { error: { code: -32_001, message: "denied by policy: no", data: { decision: "deny" } } };

describe("a call", () => {
  test("ends as the gateway decided, in the turn it names, and its session is ended", async () => {
    const { address, asked } = await fakeGateway((tool) => (tool === "good" ? ok : refused));
    const { context } = fakeContext(address);
    expect(await doStep({ call: "good", arguments: { a: 1 }, turn: "turn-7" }, context)).toMatchObject({
      ok: true,
      decision: "ok",
      detail: "done",
    });
    expect(await doStep({ call: "bad" }, context)).toMatchObject({ ok: false, decision: "deny" });
    const [first] = asked.filter(({ body }) => (body as { method?: string })?.method === "tools/call");
    expect(first).toMatchObject({
      headers: { "x-mcp-turn-id": "turn-7" },
      body: { params: { name: "good", arguments: { a: 1 } } },
    });
    expect(asked.filter(({ method }) => method === "DELETE")).toHaveLength(2);
  });

  test("that the tool itself answers with an error is distinguished from a refusal", async () => {
    const { address } = await fakeGateway(() => ({ result: { ...ok.result, isError: true } }));
    expect(await doStep({ call: "x" }, fakeContext(address).context)).toMatchObject({ decision: "tool_error" });
  });

  test.each([
    ["good", "ok", undefined],
    ["good", "error", "call good ended with ok, expected error"],
    ["bad", "error", undefined],
    ["bad", "ok", "call bad ended with deny: .*denied by policy: no, expected ok"],
  ] as const)("of %s that is to end with %s does, or ends the method with: %s", async (call, is, problem) => {
    const { address } = await fakeGateway((tool) => (tool === "good" ? ok : refused));
    const doing = doStep({ call, is }, fakeContext(address).context);
    if (problem === undefined) expect(await doing).toMatchObject({ ok: is === "ok" });
    else await expect(doing).rejects.toThrow(new RegExp(problem));
  });

  test("whose session cannot be opened is an error, where one is expected", async () => {
    const { context } = fakeContext("127.0.0.1:1");
    expect(await doStep({ call: "x", is: "error" }, context)).toMatchObject({ ok: false, decision: "error" });
    await expect(doStep({ call: "x", is: "ok" }, context)).rejects.toThrow(/ended with error: .*expected ok/);
    await expect(doStep({ call: "x" }, context)).rejects.toThrow();
  });

  test("that nothing can be asked to make is no error that was expected", async () => {
    const { context } = fakeContext("127.0.0.1:1");
    const gateway = () => {
      throw new LabError("bad-input", "a call needs a gateway");
    };
    const without = { ...context, stack: { ...context.stack, gateway } } as unknown as typeof context;
    await expect(doStep({ call: "x", is: "error" }, without)).rejects.toThrow("a call needs a gateway");
  });

  test("is not delayed by a gateway that does not answer the end of the session", async () => {
    const { address } = await fakeGateway(
      () => ok,
      () => undefined,
    );
    expect(await doStep({ call: "x" }, fakeContext(address).context)).toMatchObject({ decision: "ok" });
  });
});

test("warming a gateway lists its tools", async () => {
  const { address } = await fakeGateway(() => ok);
  expect(await doStep({ warm: "gateway" }, fakeContext(address).context)).toEqual({ tools: ["a_tool"] });
});

describe("a storm", () => {
  test("makes as many calls as asked, shared by its clients, and counts how they ended", async () => {
    let calls = 0;
    const { address, asked } = await fakeGateway(() => (++calls % 2 === 0 ? ok : refused));
    const { context } = fakeContext(address);
    expect(await doStep({ storm: "x", times: 10, clients: 3 }, context)).toEqual({
      tool: "x",
      calls: 10,
      outcomes: { deny: 5, ok: 5 },
    });
    expect(asked.filter(({ method }) => method === "DELETE")).toHaveLength(3);
  });

  test("whose clients leave ends none of their sessions", async () => {
    const { address, asked } = await fakeGateway(() => ok);
    const storm = { storm: "x", times: 2, clients: 2, abandon: true } as const;
    expect(await doStep(storm, fakeContext(address).context)).toMatchObject({ outcomes: { ok: 2 } });
    expect(asked.filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  test("in one turn has one session, in which its clients call at the same time", async () => {
    const { address, asked } = await fakeGateway(() => ok);
    const storm = { storm: "x", times: 4, clients: 2, turn: "watched" } as const;
    expect(await doStep(storm, fakeContext(address).context)).toMatchObject({ calls: 4, outcomes: { ok: 4 } });
    const calls = asked.filter(({ body }) => (body as { method?: string } | undefined)?.method === "tools/call");
    expect(new Set(calls.map(({ headers }) => headers["mcp-session-id"])).size).toBe(1);
    expect(new Set(calls.map(({ headers }) => headers["x-mcp-turn-id"]))).toEqual(new Set(["watched"]));
    expect(asked.filter(({ method }) => method === "DELETE")).toHaveLength(1);
  });

  test("stops at the decision it waits for", async () => {
    let calls = 0;
    const { address } = await fakeGateway(() => (++calls < 4 ? ok : refused));
    const { context } = fakeContext(address);
    expect(await doStep({ storm: "x", times: 100, until: "deny" }, context)).toEqual({
      tool: "x",
      calls: 4,
      outcomes: { ok: 3, deny: 1 },
    });
  });

  test("with a client that cannot start closes the sessions of the others", async () => {
    let sessions = 0;
    const gateway = await fakeService(({ method, body }) => {
      const { id, method: asks } = (body ?? {}) as { id?: number; method?: string };
      if (method === "DELETE") return { status: 200 };
      if (method === "GET") return { status: 405 };
      if (id === undefined) return { status: 202 };
      if (asks !== "initialize" || ++sessions === 2) return { status: 503 };
      const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } };
      return { json: { jsonrpc: "2.0", id, result }, headers: { "mcp-session-id": `session-${sessions}` } };
    });
    await expect(doStep({ storm: "x", times: 3, clients: 3 }, fakeContext(gateway.address).context)).rejects.toThrow();
    await expect.poll(() => gateway.asked.filter(({ method }) => method === "DELETE").length).toBe(2);
  });
});

describe("asking an agent that the step names", () => {
  test("sends the input as the step says, and finds answer and session where it says", async () => {
    const { address, asked } = await fakeService(() => ({
      json: { result: { session_id: 17, messages: [{ text: "8 charges" }] } },
    }));
    const { context } = fakeContext("127.0.0.1:1");
    const at = {
      url: `http://${address}/ask`,
      method: "PUT",
      body: { message: { role: "user", parts: ["{input}"] }, stream: false },
      answer: "result.messages.0.text",
      session: "result.session_id",
    };
    expect(await doStep({ agent: "How many $& charges?", at }, context)).toEqual({
      status: 200,
      answer: "8 charges",
      session: "17",
    });
    expect(asked).toMatchObject([
      { method: "PUT", body: { message: { role: "user", parts: ["How many $& charges?"] }, stream: false } },
    ]);
    expect([context.answer, [...context.sessions]]).toEqual(["8 charges", ["17"]]);
  });

  test("posts {input} and takes the whole reply for the answer when the step says nothing else", async () => {
    const { address, asked } = await fakeService(() => ({ json: { session_id: "s-1" } }));
    const { context } = fakeContext("127.0.0.1:1");
    await doStep({ agent: "lookup-charge", at: { url: `http://${address}/trigger`, session: "session_id" } }, context);
    expect(asked).toMatchObject([{ method: "POST", body: { input: "lookup-charge" } }]);
    expect(context.answer).toBe('{"session_id":"s-1"}');
  });

  test("fails when the reply lacks what the step names, and says where to write it", async () => {
    const { address } = await fakeService(() => ({ json: { id: "s-1" } }));
    const { context } = fakeContext("127.0.0.1:1");
    const asking = doStep({ agent: "x", at: { url: `http://${address}/`, session: "session_id" } }, context);
    await expect(asking).rejects.toThrow(/has no session at "session_id": \{"id":"s-1"\}/);
  });

  test("is refused for an address that is none", () => {
    expect(() => schema.parse({ agent: "x", at: { url: "file:///etc/passwd" } })).toThrow();
  });
});

describe("asking the agent", () => {
  test("keeps its answer for the checks", async () => {
    const { address, asked } = await fakeService(() => ({ json: { answer: "42 charges", calls: [] } }));
    const { context } = fakeContext(address);
    expect(await doStep({ agent: "How many?" }, context)).toEqual({ answer: "42 charges", calls: [] });
    expect([context.answer, asked[0]?.body]).toEqual(["42 charges", { input: "How many?" }]);
  });

  test.each([
    [{ status: 500, json: { answer: "x" } }, "answered HTTP 500"],
    [{ text: "<html>" }, "answered HTTP 200: <html>"],
    [{ json: { no: "answer" } }, "answered HTTP 200"],
  ])("fails when it does not answer as an agent does: %j", async (answer, message) => {
    const { address } = await fakeService(() => answer);
    await expect(doStep({ agent: "x" }, fakeContext(address).context)).rejects.toThrow(message);
  });

  test("that cannot be reached fails with its address; a cancelled request is cancelled", async () => {
    const away = fakeContext("127.0.0.1:59999").context;
    await expect(doStep({ agent: "x" }, away)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(/127\.0\.0\.1:59999.*ECONNREFUSED/),
    });
    const { address, asked } = await fakeService(() => undefined);
    const cancel = new AbortController();
    const asking = doStep({ agent: "x" }, fakeContext(address).context, cancel.signal);
    await expect.poll(() => asked.length).toBe(1);
    cancel.abort(new Error("cancelled"));
    await expect(asking).rejects.toThrow("cancelled");
  });
});

describe("a person's click", () => {
  test("waits until the message exists", async () => {
    let attempts = 0;
    const { address, asked } = await fakeService(() => (++attempts < 3 ? { status: 409 } : { json: { status: 200 } }));
    const clicked = await doStep({ approve: "create_refund", by: "Ann" }, fakeContext(address).context);
    expect(clicked).toMatchObject({ clicked: "approve" });
    expect(asked.at(-1)?.body).toEqual({ action: "approve", mentions: "create_refund", user: "Ann" });
  });

  const expired = "create_refund was already expired. This click changed nothing.";
  test.each<[string, { status: number; body: string } | string, string]>([
    [
      "on a ticket that has expired",
      { status: 200, body: JSON.stringify({ status: "expired", text: expired }) },
      expired,
    ],
    ["that the gateway refuses", { status: 401, body: '{"error":"bad signature"}' }, "answered 401: bad signature"],
    ["whose answer cannot be read", "<html>", "the approval channel's answer cannot be read: <html>"],
  ])("%s fails: nothing is known to be approved", async (_, answer, message) => {
    const { address } = await fakeService(() => (typeof answer === "string" ? { text: answer } : { json: answer }));
    const approving = doStep({ approve: "create_refund" }, fakeContext(address).context);
    await expect(approving).rejects.toThrow(`could not approve create_refund: `);
    await expect(approving).rejects.toThrow(message);
  });

  test("that is refused for another reason fails at once", async () => {
    const { address, asked } = await fakeService(() => ({ status: 502, text: "the gateway is away" }));
    const denying = doStep({ deny: "create_refund" }, fakeContext(address).context);
    await expect(denying).rejects.toThrow("could not deny create_refund: the gateway is away");
    expect(asked).toHaveLength(1);
  });
});

describe("a request that is never answered", () => {
  test.each<[object, string]>([
    [{ agent: "x" }, "no answer within 10 min"],
    [{ approve: "create_refund" }, "no answer within 10.0 s"],
    [{ deny: "create_refund" }, "no answer within 10.0 s"],
    [{ http: "gateway", path: "/x" }, "no answer within 30.0 s"],
    [{ warm: "gateway" }, "not done within"],
    [{ call: "a_tool" }, "not done within"],
  ])("ends its step, and says who has not answered: %j", async (step, message) => {
    const expiring = new AbortController();
    limits.expired = expiring.signal;
    onTestFinished(() => {
      limits.expired = undefined;
    });
    const { address, asked } = await fakeService(() => {
      expiring.abort(new DOMException("not done within its limit", "TimeoutError"));
      return undefined;
    });
    await expect(doStep(step, fakeContext(address).context)).rejects.toThrow(message);
    expect(asked).toHaveLength(1);
  });
});

test("a run's signal has no listeners left once the sessions and requests of its steps have ended", async () => {
  const { address } = await fakeGateway((tool) => (tool === "good" ? ok : refused));
  const { address: agent } = await fakeService(() => ({ json: { answer: "x" } }));
  const run = new AbortController();
  const { context } = fakeContext(address);
  for (const step of [
    { warm: "gateway" },
    { call: "good" },
    { call: "bad" },
    { storm: "good", times: 4, clients: 2 },
  ]) {
    await doStep(step, context, run.signal);
  }
  await doStep({ agent: "x" }, fakeContext(agent).context, run.signal);
  await doStep({ http: "gateway", path: "/", status: 405 }, context, run.signal);
  expect(getEventListeners(run.signal, "abort")).toEqual([]);
});

describe("an HTTP request", () => {
  test.each([
    [{ status: 204 }, {}, undefined],
    [{ status: 404 }, { status: 404 }, undefined],
    [{ status: 404, text: "gone" }, {}, "GET gateway/x answered 404, expected 2xx: gone"],
    [{ status: 200 }, { status: 500 }, "answered 200, expected 500"],
  ])("answered %j, expected %j: %s", async (answer, wanted, problem) => {
    const { address } = await fakeService(() => answer);
    const doing = doStep({ http: "gateway", path: "/x", ...wanted }, fakeContext(address).context);
    if (problem === undefined) expect(await doing).toMatchObject({ status: answer.status });
    else await expect(doing).rejects.toThrow(problem);
  });
});

describe("waiting", () => {
  test("for decisions ends as soon as there are enough", async () => {
    const { context, log } = fakeContext("");
    const waiting = doStep({ wait: { decision: "deny", tool: "x", times: 2 } }, context);
    log.append(decided({ tool: "x", decision: "deny" }));
    log.append(decided({ tool: "y", decision: "deny", callId: "2" }));
    log.append(decided({ tool: "x", decision: "deny", callId: "3" }));
    expect(await waiting).toBe("seen");
    expect(await doStep({ wait: { rows: 3 } }, context)).toBe("seen");
  });

  test("times out with the duration and what was seen", async () => {
    const { context, log } = fakeContext("", { gateway: "down" });
    log.append(decided({}));
    const timesOut = (wait: object) => doStep({ wait, atMost: "20ms" }, context);
    await expect(timesOut({ rows: 2 })).rejects.toThrow("timed out after 20 ms (1 audit rows seen)");
    await expect(timesOut({ service: "gateway", is: "up" })).rejects.toMatchObject({ code: "unhealthy" });
  });

  test("for an HTTP answer asks until it is as expected", async () => {
    let asked = 0;
    const { address } = await fakeService(() => {
      asked += 1;
      return { json: { backends: { support: { Status: asked < 3 ? "healthy" : "unhealthy", Failures: asked } } } };
    });
    const wait = { http: "gateway", path: "/x", json: { backends: { support: { Status: "unhealthy" } } } };
    expect(await doStep({ wait }, fakeContext(address).context)).toBe("seen");
    expect(asked).toBe(3);
  });

  test("for an HTTP answer times out with the last one", async () => {
    const { address } = await fakeService(() => ({ json: { Status: "healthy" } }));
    const wait = { http: "gateway", path: "/x", json: { Status: "unhealthy" } };
    await expect(doStep({ wait, atMost: "500ms" }, fakeContext(address).context)).rejects.toThrow(
      'timed out after 500 ms: GET gateway/x answered {"Status":"healthy"}, expected {"Status":"unhealthy"}',
    );
  });

  test("ends when the run is cancelled", async () => {
    const cancel = new AbortController();
    const { context } = fakeContext("", { gateway: "down" });
    const all = [{ wait: "5m" }, { wait: { rows: 1 } }, { wait: { service: "gateway", is: "up" } }];
    const waits = all.map((each) => doStep(each, context, cancel.signal));
    cancel.abort(new Error("cancelled"));
    for (const wait of waits) await expect(wait).rejects.toThrow("cancelled");
  });
});

test("a probe reports the health, and fails when it is not the expected one", async () => {
  const { context } = fakeContext("", { gateway: "degraded" });
  expect(await doStep({ probe: "gateway" }, context)).toMatchObject({ status: "degraded" });
  await expect(doStep({ probe: "gateway", is: "up" }, context)).rejects.toThrow(
    "gateway is degraded (so it is), expected up",
  );
});

describe("undoing in mid-run", () => {
  test("of nothing is a warning", async () => {
    const { context, events } = fakeContext("");
    await doStep({ undo: "all" }, context);
    expect(events).toMatchObject([{ type: "warning", code: "undo-without-fault" }]);
  });

  test("that leaves something broken fails as residue", async () => {
    const { context, faults } = fakeContext("");
    faults.undo = async () => ({ undone: 1, residue: ["gateway is stopped"] });
    await expect(doStep({ undo: "all" }, context)).rejects.toMatchObject({
      code: "residue",
      message: "gateway is stopped",
    });
  });
});

test("a check in mid-run fails the run when it fails there", async () => {
  const { context, log } = fakeContext("");
  log.append(decided({ decision: "deny" }));
  expect(await doStep({ check: { policyOutcome: "deny" } }, context)).toMatchObject({ observed: "deny" });
  await expect(doStep({ check: { policyOutcome: "allow" } }, context)).rejects.toThrow(/expected allow; observed deny/);
});
