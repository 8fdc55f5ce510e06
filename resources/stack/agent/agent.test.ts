import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RunningService } from "../http/serve.ts";
import { killServices, startService } from "../http/testing/service-process.ts";
import type { RunReport } from "./report.ts";
import { startAgent } from "./server.ts";
import { type FakeGatewayOptions, rpcError, rpcResult, startFakeGateway } from "./testing/fake-gateway.ts";

const listThenRefund =
  "List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer.";
const entry = join(import.meta.dirname, "main.ts");
// Process start takes long on a loaded machine.

const token = "of-these-tests";
const control = { "content-type": "application/json", authorization: `Bearer ${token}` };
const running: RunningService[] = [];
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));
afterAll(killServices);

async function agentOn(gatewayUrl: string): Promise<string> {
  const agent = await startAgent({ PORT: "0", CONTROL_TOKEN: token, GATEWAY_URL: gatewayUrl });
  running.push(agent);
  return agent.url;
}

async function gatewayAnswering(
  onCall: FakeGatewayOptions["onCall"],
  tools = ["list_recent_charges", "create_refund", "lookup_charge"],
) {
  const gateway = await startFakeGateway({ tools, onCall });
  running.push(gateway.service);
  return gateway;
}

async function post(agentUrl: string, body: object, signal?: AbortSignal): Promise<RunReport> {
  const response = await fetch(`${agentUrl}/runs`, {
    method: "POST",
    headers: control,
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as RunReport;
}

const listed = { content: [{ type: "text", text: '{"charges":[{"id":"ch_1","amount":100,"refunded":false}]}' }] };

describe("against a live MCP server", () => {
  let payments: string;
  let agentUrl: string;
  beforeAll(async () => {
    payments = await startService(join(import.meta.dirname, "../payments-mcp/main.ts"), {
      PORT: "0",
      CONTROL_TOKEN: token,
    }).url();
    agentUrl = await startService(entry, { PORT: "0", CONTROL_TOKEN: token, GATEWAY_URL: `${payments}/mcp` }).url();
  });

  test("lists, then refunds the first charge that is not refunded", async () => {
    const report = await post(agentUrl, { input: listThenRefund, turnId: "turn-1" });
    expect(report).toMatchObject({
      turnId: "turn-1",
      input: listThenRefund,
      intent: "list-then-refund",
      calls: [
        { tool: "list_recent_charges", arguments: {}, outcome: "ok" },
        { tool: "create_refund", arguments: { charge_id: "ch_1007", reason: "requested_by_customer" }, outcome: "ok" },
      ],
    });
    expect(report.sessionId).toMatch(/^[\x21-\x7e]+$/);
    expect(report.toolsListed).toContain("delete_customer");
    expect(report.answer).toContain("Refunded 25.00 USD of ch_1007");
    expect(report.error).toBeUndefined();
    const state = await (await fetch(`${payments}/state`, { headers: control })).json();
    expect(state).toMatchObject({ refunds: 4, toolCalls: { total: 2 } });
  });

  test("reports a refusal by the tool itself", async () => {
    const report = await post(agentUrl, { input: "Look up charge ch_9999" });
    expect(report.calls).toMatchObject([{ outcome: "error", text: "No such charge: ch_9999" }]);
    expect(report.answer).toBe("lookup_charge failed: No such charge: ch_9999");
  });

  test("checks for earlier refunds before it asks for one", async () => {
    const refunded = await post(agentUrl, { input: "Refund charge ch_1008" });
    expect(refunded.calls).toMatchObject([{ tool: "list_refunds_for_charge", outcome: "ok" }]);
    expect(refunded.answer).toContain("The charge was refunded before, so create_refund was not called.");
    const never = await post(agentUrl, { input: "Refund ch_fake_001 unless it has already been refunded" });
    expect(never.calls).toMatchObject([
      { tool: "list_refunds_for_charge", outcome: "ok" },
      { tool: "create_refund", outcome: "ok" },
    ]);
  });

  test("answers 400 to an invalid run request", async () => {
    for (const body of [
      "{",
      "[]",
      "{}",
      '{"input":" "}',
      '{"input":1}',
      '{"input":"x","turnId":"a\\nb"}',
      '{"input":"x","turnId":7}',
    ]) {
      const response = await fetch(`${agentUrl}/runs`, { method: "POST", headers: control, body });
      expect([body, response.status]).toEqual([body, 400]);
    }
  });
});

describe("when the gateway refuses", () => {
  test.each([
    ["expired", "approval timeout", "create_refund was not approved in time (expired)."],
    ["denied", "approval denied", "create_refund was not approved: the request was denied (denied)."],
    ["deny", "denied by policy: no", "create_refund is not allowed by the gateway's policy (deny)."],
    [
      "budgetExceeded",
      "tool call budget exceeded: 5",
      "create_refund was not run: this turn has used up its tool calls (budgetExceeded).",
    ],
    [
      "upstream_error",
      "upstream error: payments: down",
      "create_refund failed because the service behind the gateway did not answer (upstream_error): upstream error: payments: down",
    ],
  ])("%s: the plan stops and the answer gives the decision", async (decision, message, sentence) => {
    const gateway = await gatewayAnswering((request, response) => {
      if (request.params?.name === "list_recent_charges") return rpcResult(response, request.id, listed);
      return rpcError(response, request.id, { code: -32001, message, data: { decision, reason: "r" } });
    });
    const report = await post(await agentOn(gateway.url), { input: listThenRefund, turnId: "t-1" });
    expect(report.calls).toMatchObject([
      { tool: "list_recent_charges", outcome: "ok" },
      { tool: "create_refund", outcome: "error", error: { code: -32001, message, decision } },
    ]);
    expect(report.answer).toBe(`Found 1 charges: ch_1 (1.00). ${sentence}`);
    expect(gateway.messages("tools/call")).toHaveLength(2);
    expect(gateway.messages("notifications/cancelled")).toEqual([]);
    expect(new Set(gateway.seen.map(({ headers }) => headers["x-mcp-turn-id"]))).toEqual(new Set(["t-1"]));
  });

  test("reads the refusal from the body of an HTTP error, else reports the HTTP error", async () => {
    const gateway = await gatewayAnswering((request, response) => {
      if (request.params?.name === "list_recent_charges") return void response.writeHead(502).end("bad gateway");
      return rpcError(response, request.id, { code: -32001, message: "no", data: { decision: "deny" } }, 400);
    });
    const agentUrl = await agentOn(gateway.url);
    expect((await post(agentUrl, { input: "create-refund" })).calls[0]?.error).toEqual({
      code: -32001,
      message: "no",
      decision: "deny",
    });
    const bare = (await post(agentUrl, { input: "lookup-charge" })).calls[0]?.error;
    expect(bare).toEqual({ code: 502, message: "the gateway answered HTTP 502: bad gateway" });
  });

  test("does not call a tool that is not listed", async () => {
    const gateway = await gatewayAnswering(() => {}, ["lookup_charge"]);
    const report = await post(await agentOn(gateway.url), { input: "create-refund" });
    expect(report).toMatchObject({
      toolsListed: ["lookup_charge"],
      calls: [],
      answer: "No tool named create_refund is available.",
    });
  });
});

describe("when the connection fails", () => {
  test("reports that nothing listens at the gateway's address", async () => {
    const gateway = await gatewayAnswering(() => {});
    await gateway.service.stop();
    const report = await post(await agentOn(gateway.url), { input: "lookup-charge" });
    expect(report).toMatchObject({ sessionId: "", toolsListed: [], calls: [] });
    expect(report.error).toBe(`${gateway.url}: the gateway could not be reached: nothing listens there`);
    expect(report.answer).toContain("nothing listens there");
  });

  test.each<[string, FakeGatewayOptions["onCall"]]>([
    ["before the answer", (_request, response) => response.destroy()],
    [
      "within the answer",
      (_request, response) =>
        response
          .writeHead(200, { "content-type": "application/json", "content-length": "99" })
          .write("{", () => response.destroy()),
    ],
    [
      "during a stream",
      (_request, response) =>
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": held\n\n", () => response.destroy()),
    ],
    [
      "by a stream's end without an answer",
      (_request, response) => response.writeHead(200, { "content-type": "text/event-stream" }).end(": held\n\n"),
    ],
  ])("cut %s: the call ends as an error at once and is not repeated", async (_when, onCall) => {
    const gateway = await gatewayAnswering(onCall);
    const report = await post(await agentOn(gateway.url), { input: "lookup-charge" });
    expect(report.calls).toMatchObject([{ tool: "list_recent_charges", outcome: "error", error: { code: -32000 } }]);
    expect(gateway.messages("tools/call")).toHaveLength(1);
  });

  test("accepts a response that arrives just before its event stream ends", async () => {
    const gateway = await gatewayAnswering((request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: request.id, result: listed })}\n\n`);
    });
    expect((await post(await agentOn(gateway.url), { input: "lookup-charge" })).calls).toMatchObject([
      { outcome: "ok" },
    ]);
  });

  test("a call with a resumable stream fails at once when the gateway no longer knows the session", async () => {
    const held = { jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "held" } };
    const gateway = await gatewayAnswering((_request, response, { sessions }) => {
      sessions.clear();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`id: 1\ndata: ${JSON.stringify(held)}\n\n`, () => response.destroy());
    });
    const report = await post(await agentOn(gateway.url), { input: "lookup-charge" });
    expect(report.calls).toMatchObject([{ tool: "list_recent_charges", outcome: "error" }]);
    expect(gateway.resumptions).toEqual(["1"]);
  });

  test("opens a new session and sends the call again when the gateway no longer knows the session", async () => {
    const gateway = await gatewayAnswering((request, response, { sessions }) => {
      if (request.params?.name === "list_recent_charges") sessions.clear();
      rpcResult(response, request.id, listed);
    });
    const report = await post(await agentOn(gateway.url), { input: listThenRefund });
    expect(report.calls).toMatchObject([{ outcome: "ok" }, { tool: "create_refund", outcome: "ok" }]);
    expect(gateway.sessions).toEqual(new Set([report.sessionId]));
  });
});

describe("cancellation", () => {
  test("a caller that disconnects cancels the call; the gateway sees the connection close", async () => {
    const held = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const gateway = await gatewayAnswering((_request, response) => {
      response.once("close", closed.resolve);
      held.resolve();
    });
    const caller = new AbortController();
    const left = post(await agentOn(gateway.url), { input: "lookup-charge" }, caller.signal).catch(() => "left");
    await held.promise;
    caller.abort();
    await closed.promise;
    expect(await left).toBe("left");
    const [call] = gateway.messages("tools/call");
    expect(gateway.messages("notifications/cancelled")).toMatchObject([{ params: { requestId: call?.id } }]);
  });

  test("SIGTERM ends a held run with an answer, and the process with 0", async () => {
    const held = Promise.withResolvers<void>();
    const gateway = await gatewayAnswering(() => held.resolve());
    const agent = startService(entry, { PORT: "0", CONTROL_TOKEN: token, GATEWAY_URL: gateway.url });
    const report = post(await agent.url(), { input: "lookup-charge" });
    await held.promise;
    expect(await agent.stop()).toBe(0);
    expect((await report).calls).toMatchObject([{ outcome: "error" }]);
  });
});

test("exits with 2 on an invalid configuration", async () => {
  const agent = startService(entry, { PLANNER: "model", GATEWAY_URL: "gateway" });
  expect(await agent.ended).toBe(2);
  for (const name of ["GATEWAY_URL is", "MODEL_URL is not set", "MODEL_NAME is not set"])
    expect(agent.output()).toContain(name);
});
