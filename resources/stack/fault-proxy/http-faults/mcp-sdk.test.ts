/** MCP faults between the SDK's own client and server: the effects that an agent sees. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { expect, onTestFinished, test } from "vitest";
import { openMcpServer } from "../testing/mcp-server.ts";
import { openProxy, type ProxyUnderTest } from "../testing/proxy-under-test.ts";

interface McpPair {
  proxy: ProxyUnderTest;
  client: Client;
  /** The executed payments. */
  paid: number[];
  pay(amount: number, timeout?: number): Promise<string>;
}

async function open(enableJsonResponse = false): Promise<McpPair> {
  const paid: number[] = [];
  const proxy = await openProxy(await openMcpServer(paid, enableJsonResponse));
  const client = new Client({ name: "test", version: "1" });
  client.onerror = () => {};
  const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${proxy.port}/mcp`), {
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  await client.connect(transport as Transport);
  onTestFinished(() => client.close());
  const pay = async (amount: number, timeout = 20_000): Promise<string> => {
    const result = await client.callTool({ name: "pay", arguments: { amount } }, undefined, { timeout });
    return JSON.stringify(result.content);
  };
  return { proxy, client, paid, pay };
}

test.each([
  [{ type: "mcp_error", attributes: { code: -32_077, message: "no luck" } }, "-32077"],
  [{ type: "http_status", attributes: { status: 503 } }, "Service Unavailable"],
  [{ type: "request_lost" }, "fetch failed"],
  [{ type: "session_lost" }, "Session not found"],
])("%j fails the call before it is executed, and the next one works", async (toxic, message) => {
  const { proxy, paid, pay } = await open();
  await proxy.arm({ name: "fault", ...toxic, match: { tool: "pay", first: 1 } });
  await expect(pay(1)).rejects.toThrow(message);
  await proxy.disarm("fault");
  expect(await pay(2)).toContain("paid 2 €");
  expect(paid).toEqual([2]);
  expect(await proxy.hits()).toMatchObject([{ toxic: "fault", method: "tools/call", tool: "pay" }]);
});

test.each([true, false])(
  "reply_lost: the payment was made and the client does not know (JSON replies: %s)",
  async (json) => {
    const { proxy, paid, pay } = await open(json);
    await proxy.arm({ type: "reply_lost", match: { tool: "pay", first: 1 } });
    await expect(pay(1)).rejects.toThrow(/fetch failed/);
    expect(paid).toEqual([1]);
    expect(await pay(2)).toContain("paid 2");
  },
);

test("a split character and duplicated events still give a valid result", async () => {
  const { proxy, pay } = await open();
  await proxy.arm({ type: "stream_split", attributes: { delay: 5 } });
  await proxy.arm({ type: "stream_duplicated" });
  expect(await pay(3)).toContain("paid 3 €");
});

test("a stalled stream times out; it resumes when the fault is removed", async () => {
  const { proxy, pay } = await open();
  await proxy.arm({ type: "stream_stalled", match: { tool: "pay" } });
  await expect(pay(1, 500)).rejects.toThrow("timed out");
  await proxy.disarm("stream_stalled_downstream");
  expect(await pay(2)).toContain("paid 2");
});

test("malformed JSON is an error to the client", async () => {
  const { proxy, pay } = await open(true);
  await proxy.arm({ type: "malformed", match: { tool: "pay", first: 1 } });
  await expect(pay(1)).rejects.toThrow(/JSON/);
  expect(await pay(2)).toContain("paid 2");
});

test("a rotated session id is followed by the client", async () => {
  const { proxy, pay } = await open();
  await proxy.arm({ type: "session_rotated", match: { tool: "pay", first: 2 } });
  expect(await pay(1)).toContain("paid 1");
  expect(await pay(2)).toContain("paid 2");
  expect(await pay(3)).toContain("paid 3");
  expect((await proxy.hits()).filter(({ effect }) => effect === "session id rotated").length).toBe(2);
});

test("the client receives the changed tools", async () => {
  const { proxy, client } = await open();
  await proxy.arm({ type: "tools_changed", attributes: { remove: ["pay"], add: [{ name: "pay_all" }] } });
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["fail", "pay_all"]);
});
