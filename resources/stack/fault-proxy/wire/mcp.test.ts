/** What is read of MCP between the official SDK's client and server. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { expect, onTestFinished, test } from "vitest";
import { keptSpans } from "../../telemetry/testing/kept-spans.ts";
import { setTracing } from "../../telemetry/tracing.ts";
import { openMcpServer, openSseServer } from "../testing/mcp-server.ts";
import { linkName, openProxy, type ProxyUnderTest } from "../testing/proxy-under-test.ts";
import { listenTo } from "../testing/wire-listener.ts";
import type { WireCall } from "./wire-call.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function connect(proxy: ProxyUnderTest, transport: "streamable" | "sse"): Promise<Client> {
  const url = new URL(`http://127.0.0.1:${proxy.port}/mcp`);
  const client = new Client({ name: "test", version: "1" });
  client.onerror = () => {};
  const connection = transport === "sse" ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url);
  await client.connect(connection as Transport);
  onTestFinished(() => client.close());
  return client;
}

const of = (tool: string) => (call: WireCall) => call.tool === tool;

test.each([true, false])("Streamable HTTP (JSON replies: %s): each call from request to reply", async (json) => {
  const paid: number[] = [];
  const proxy = await openProxy(await openMcpServer(paid, json));
  const wire = await listenTo(proxy);
  const client = await connect(proxy, "streamable");
  const beforeMs = Date.now();
  await client.callTool({ name: "pay", arguments: { amount: 7 }, _meta: { traceparent } });
  await client.callTool({ name: "fail" });
  await client.callTool({ name: "nobody" }).catch(() => {});
  const pay = await wire.waitFor(of("pay"));
  expect(pay).toMatchObject({ link: linkName, http: "POST /mcp", method: "tools/call", status: 200, traceparent });
  expect(pay.at).toBeGreaterThanOrEqual(beforeMs - 1);
  expect(pay.endMs).toBeGreaterThanOrEqual(pay.firstByteMs ?? Number.NaN);
  expect(pay.events).toBe(json ? undefined : 1);
  expect(pay.replyBytes).toBeGreaterThan(JSON.stringify("paid 7 €").length);
  for (const absent of ["isError", "rpcError", "answer", "cut", "toxics", "requestBody", "replyBody"]) {
    expect(pay).not.toHaveProperty(absent);
  }
  expect(await wire.waitFor(of("fail"))).toMatchObject({ isError: true, sessionId: pay.sessionId });
  // The SDK answers a call of an unknown tool by a result or an error, by its version.
  const { isError, rpcError } = await wire.waitFor(of("nobody"));
  expect(isError ?? rpcError).toBeDefined();
  const first = await wire.waitFor(({ method }) => method === "initialize");
  expect(first.sessionId).toBe(pay.sessionId);
  expect(pay.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  expect(paid).toEqual([7]);
});

test("HTTP with SSE: a call lasts until its answer comes in the event stream", async () => {
  const paid: number[] = [];
  const proxy = await openProxy(await openSseServer(paid));
  const wire = await listenTo(proxy);
  const client = await connect(proxy, "sse");
  await client.callTool({ name: "pay", arguments: { amount: 3 } });
  await client.callTool({ name: "fail" });
  const pay = await wire.waitFor(of("pay"));
  expect(pay).toMatchObject({ http: "POST /messages", method: "tools/call", status: 202 });
  expect(pay).not.toHaveProperty("answer");
  expect(await wire.waitFor(of("fail"))).toMatchObject({ isError: true, status: 202 });
  await client.close();
  const stream = await wire.waitFor(({ http }) => http === "GET /mcp");
  // The endpoint, and the answers to initialize and both calls.
  expect(stream.events).toBe(4);
});

test("names the fault that a call met, also as a span below its caller's, and shows what its caller got", async () => {
  const { tracer, spans } = keptSpans("fault-proxy");
  setTracing(tracer);
  onTestFinished(() => setTracing(undefined));
  const proxy = await openProxy(await openMcpServer([], false));
  const wire = await listenTo(proxy);
  const client = await connect(proxy, "streamable");
  await proxy.arm({ name: "refuse", type: "mcp_error", attributes: { code: -32_077 }, match: { tool: "pay" } });
  await proxy.arm({ name: "lose", type: "reply_lost", match: { tool: "fail" } });
  const _meta = { traceparent };
  await client.callTool({ name: "pay", arguments: { amount: 1 }, _meta }).catch(() => {});
  await client.callTool({ name: "fail", _meta }).catch(() => {});
  await client.callTool({ name: "nobody", _meta }).catch(() => {});
  expect(await wire.waitFor(of("pay"))).toMatchObject({ toxics: ["refuse"], rpcError: { code: -32_077 } });
  const lost = await wire.waitFor(of("fail"));
  expect(lost).toMatchObject({ toxics: ["lose"], cut: "the connection was closed" });
  expect(lost).not.toHaveProperty("status");
  await wire.waitFor(of("nobody"));
  const sent = await spans();
  expect(sent.map(({ name, attributes: { "resilience_lab.faults": faults } }) => [name, faults])).toEqual([
    ["tools/call pay", "refuse"],
    ["tools/call fail", "lose"],
  ]);
  expect(sent[1]).toMatchObject({
    parentSpanContext: { spanId: "b7ad6b7169203331" },
    attributes: { "resilience_lab.exchange": lost.id, "resilience_lab.link": linkName, "error.type": "connection_cut" },
  });
});

test("shows bodies of the links that a reader asks for, to it alone", async () => {
  const proxy = await openProxy(await openMcpServer([], true));
  const plain = await listenTo(proxy);
  const wire = await listenTo(proxy, `?bodies=${encodeURIComponent(linkName)}`);
  const client = await connect(proxy, "streamable");
  await client.callTool({ name: "pay", arguments: { amount: 9 } });
  const { requestBody = "", replyBody = "" } = await wire.waitFor(of("pay"));
  expect(JSON.parse(requestBody).params).toEqual({ name: "pay", arguments: { amount: 9 } });
  expect(JSON.parse(replyBody).result.content[0].text).toBe("paid 9 €");
  expect(await plain.waitFor(of("pay"))).not.toHaveProperty("requestBody");
});
