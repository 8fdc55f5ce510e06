import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { sdkTracing } from "./sdk.ts";
import type { TraceContext } from "./span.ts";
import { keptSpans } from "./testing/kept-spans.ts";
import { headersFor, traceClient, traceServer } from "./traced-transport.ts";
import { setTracing } from "./tracing.ts";

const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";
const parent: TraceContext = {
  traceparent: `00-${traceId}-051581bf3cb55c13-01`,
  baggage: "other=1,lab.run.id=run-7;p=1",
};

afterEach(() => setTracing(undefined));

/** A client and a server of the MCP SDK whose transports are traced into one exporter. */
async function connected(context: TraceContext = parent) {
  const { tracer, spans: all } = keptSpans("shop");
  setTracing(tracer);
  const server = new McpServer({ name: "shop", version: "1" });
  const seen: unknown[] = [];
  server.registerTool("pay", { inputSchema: { amount: z.number() } }, ({ amount }, { _meta }) => {
    seen.push(_meta);
    if (amount > 10) return { isError: true, content: [{ type: "text", text: "too much" }] };
    return { content: [{ type: "text", text: "paid" }] };
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  traceServer(theirs);
  traceClient(ours, context);
  await server.connect(theirs);
  const client = new Client({ name: "agent", version: "1" });
  await client.connect(ours);
  const spans = async () => {
    await client.close();
    return all();
  };
  return { client, spans, seen };
}

test("a call is a client's span below its caller and a server's below that, by the conventions for MCP", async () => {
  const { client, spans, seen } = await connected();
  await client.callTool({ name: "pay", arguments: { amount: 5 } });
  const [server, caller] = (await spans())
    .filter(({ name }) => name === "tools/call pay")
    .toSorted((a, b) => a.kind - b.kind);
  expect(caller?.parentSpanContext).toMatchObject({ traceId, spanId: "051581bf3cb55c13" });
  expect(server?.parentSpanContext?.spanId).toBe(caller?.spanContext().spanId);
  expect(caller?.attributes).toMatchObject({
    "mcp.method.name": "tools/call",
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "pay",
    "gen_ai.tool.call.arguments": '{"amount":5}',
    "network.transport": "tcp",
    "lab.run.id": "run-7",
  });
  expect(caller?.attributes).not.toHaveProperty("other");
  expect(seen).toMatchObject([
    { traceparent: `00-${traceId}-${caller?.spanContext().spanId}-01`, baggage: parent.baggage },
  ]);
});

test("the result of a tool that failed, and a JSON-RPC error, say so by their type", async () => {
  const { client, spans } = await connected();
  await client.callTool({ name: "pay", arguments: { amount: 50 } });
  await client.request({ method: "tools/unknown" }, z.any()).catch(() => {});
  const found = await spans();
  const typesOf = (name: string) =>
    found.filter((span) => span.name === name).map((span) => span.attributes["error.type"]);
  expect(typesOf("tools/call pay")).toEqual(["tool_error", "tool_error"]);
  // An unknown method is the caller's mistake.
  expect(typesOf("tools/unknown").toSorted()).toEqual(["-32601", undefined]);
});

test("a request without a context makes no trace at a server; the message's context comes before the header's, which is linked", async () => {
  const { client, spans } = await connected({});
  await client.ping();
  const found = await spans();
  expect(found.find(({ name, kind }) => name === "ping" && kind === 2)?.parentSpanContext).toBeUndefined();
  const header = `00-${"a".repeat(32)}-${"b".repeat(16)}-00`;
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const exporter = new InMemorySpanExporter();
  const tracer = sdkTracing("shop", exporter);
  const links: unknown[] = [];
  setTracing({
    ...tracer,
    start: (span) => {
      links.push(span.contexts);
      return tracer.start(span);
    },
  });
  traceServer(theirs);
  const take = theirs.onmessage as (message: unknown, extra: unknown) => void;
  take({ jsonrpc: "2.0", id: 1, method: "ping" }, { requestInfo: { headers: {} } });
  expect(links).toEqual([]);
  const params = { _meta: { traceparent: parent.traceparent } };
  take({ jsonrpc: "2.0", id: 2, method: "ping", params }, { requestInfo: { headers: { traceparent: header } } });
  expect(links).toMatchObject([[{ traceparent: parent.traceparent }, { traceparent: header }]]);
  await ours.close();
});

test("without tracing nothing is changed", () => {
  const [ours] = InMemoryTransport.createLinkedPair();
  const { send } = ours;
  traceClient(ours, parent);
  traceServer(ours);
  expect([ours.send === send, ours.onmessage]).toEqual([true, undefined]);
  expect(headersFor(`{"_meta":{"traceparent":"${parent.traceparent}"}}`)).toEqual({});
});
