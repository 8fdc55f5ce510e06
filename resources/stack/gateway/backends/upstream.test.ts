import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { startBackend } from "../testing/backend.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { type AuditRow, setScene } from "../testing/scene.ts";
import { HttpUpstream } from "./http-upstream.ts";
import { UpstreamHttp } from "./upstream-http.ts";

const scene = setScene();

const decisionsOf = (rows: AuditRow[]): string[] => rows.map(({ tool_name, decision }) => `${tool_name} ${decision}`);

/** Accepts connections and sends nothing. */
async function startSilent() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => {}).resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}/mcp`, connections: () => connections, stop };
}

describe("upstream", () => {
  it("opens a new session with a backend that lost the old one, and only then sends the call again", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items", { n: 1 });
    await scene.backend.down();
    await scene.backend.up();
    expect((await client.call("list_items", { n: 2 })).message.result).toBeDefined();
    expect(scene.backend.calls.map((call) => call.arguments.n)).toEqual([1, 2]);
    expect(decisionsOf(await scene.rowsOf(client, 2))).toEqual(["list_items allow", "list_items allow"]);
  });

  it.each([
    '{"error":{"message":"Bad Request: No valid session ID provided"}}',
    '{"error":{"message":"Server not initialized"}}',
  ])("does not send a call again after a 400 with %s, and opens a new session for the next", async (text) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items", { n: 1 });
    const sessions: unknown[] = [];
    scene.backend.intercept = (request, response, body) => {
      if (!body.includes("tools/call")) return false;
      sessions.push(request.headers["mcp-session-id"]);
      if (sessions.length > 1) return false;
      response.writeHead(400).end(text);
      return true;
    };
    expect((await client.call("list_items", { n: 2 })).message.error?.data?.reason).toBe("HTTP 400");
    expect(sessions).toHaveLength(1);
    expect((await client.call("list_items", { n: 3 })).message.result).toBeDefined();
    expect(sessions[1]).not.toBe(sessions[0]);
    expect(scene.backend.calls.map((call) => call.arguments.n)).toEqual([1, 3]);
  });

  it("retries read-only requests after a 400 that names the session", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.request("prompts/list");
    let refusals = 1;
    scene.backend.intercept = (_request, response, body) => {
      if (!body.includes("prompts/list") || refusals === 0) return false;
      refusals -= 1;
      response.writeHead(400).end('{"error":{"message":"Bad Request: No valid session ID provided"}}');
      return true;
    };
    expect((await client.request("prompts/list")).message.result).toBeDefined();
  });

  it("stops retrying with a backend that rejects its new session", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items");
    let sent = 0;
    scene.backend.intercept = (_request, response, body) => {
      if (!body.includes("tools/call")) return false;
      sent += 1;
      response.writeHead(404).end();
      return true;
    };
    expect((await client.call("list_items")).message.error?.message).toMatch(/upstream error: test: it rejects/);
    expect(sent).toBe(2);
  });

  const ok = (id: unknown) => JSON.stringify({ jsonrpc: "2.0", id, result: { content: [] } });

  it.each([
    ["HTTP 503", { status: 503, body: () => "busy" }],
    ["HTTP 400", { status: 400, body: () => "{}" }],
    ["HTTP 202", { status: 202, body: () => "" }],
    ["malformed reply: not JSON", { status: 200, body: (id: unknown) => ok(id).slice(0, -5) }],
    ["malformed reply: it answers another request", { status: 200, body: () => ok("other") }],
    ["malformed reply: not a JSON-RPC 2.0 message", { status: 200, body: () => "7" }],
    ["malformed reply: no response in its array", { status: 200, body: () => "[]" }],
    ["malformed reply: it has no result", { status: 200, body: (id: unknown) => `{"jsonrpc":"2.0","id":"${id}"}` }],
    [
      "malformed reply: its error lacks a code or a message",
      { status: 200, body: (id: unknown) => `{"jsonrpc":"2.0","id":"${id}","error":{}}` },
    ],
  ])("%s", async (cause, { status, body }) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.request("tools/list");
    let sent = 0;
    scene.backend.intercept = (_request, response, text) => {
      if (!text.includes("tools/call")) return false;
      sent += 1;
      response.writeHead(status, { "content-type": "application/json" }).end(body(JSON.parse(text).id));
      return true;
    };
    const { error } = (await client.call("list_items")).message;
    expect(error).toMatchObject({ code: -32603, data: { decision: "upstream_error", reason: cause } });
    expect(sent).toBe(1);
    const rows = await scene.rowsOf(client, 2);
    expect(rows[1]).toMatchObject({ decision: "upstream_error", reason: `test: ${cause}` });
  });

  it.each([
    ["connection closed before a reply", "", false],
    ["connection cut before the whole reply arrived", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", false],
    ["malformed reply: not HTTP", "SMTP ready\r\n\r\n", false],
    [
      "malformed reply: the stream ended without a response",
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 6\r\n\r\n: hi\n\n",
      false,
    ],
    ["connection reset", "", true],
  ])("%s", async (cause, written, reset) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.request("tools/list");
    scene.backend.intercept = (request, _response, text) => {
      if (!text.includes("tools/call")) return false;
      if (reset) request.socket.resetAndDestroy();
      else request.socket.end(written);
      return true;
    };
    expect((await client.call("list_items")).message.error?.data?.reason).toBe(cause);
  });

  it("waits for the whole reply at most until the deadline, and sends the backend a cancellation", async () => {
    const cancelled: unknown[] = [];
    const client = await RawClient.open((await scene.launch({ UPSTREAM_DEADLINE: "1s" })).mcpUrl);
    await client.request("tools/list");
    scene.backend.intercept = (_request, response, text) => {
      if (text.includes("notifications/cancelled")) cancelled.push(JSON.parse(text).params.requestId);
      if (!text.includes("tools/call")) return false;
      // Headers and a part of the body are not a reply.
      response.writeHead(200, { "content-type": "application/json" }).write("{");
      const trickle = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(trickle));
      return true;
    };
    const { error } = (await client.call("list_items")).message;
    expect(error?.data?.reason).toMatch(/^no complete reply within the deadline of \d+ ms$/);
    await eventually(
      () => cancelled.length,
      (count) => count === 1,
    );
  });

  it("does not accept a silent port as a backend", async () => {
    const silent = await startSilent();
    const gateway = await scene.launch({
      BACKENDS: `test=${silent.url}`,
      UPSTREAM_DEADLINE: "100ms",
      HEALTH_TIMEOUT: "100ms",
      UNHEALTHY_THRESHOLD: "1",
    });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("list_items")).message.error?.message).toBe("Unknown tool: list_items");
    await eventually(gateway.health, ({ backends }) => backends.test?.status === "unhealthy");
    await scene.stopGateways();
    await silent.stop();
  });

  it.each([
    ["is slow", () => {}],
    ["is answered 503", (response: ServerResponse) => void response.writeHead(503).end()],
    ["is cut off", (response: ServerResponse) => void response.destroy()],
  ])("does not mark a backend unhealthy because one call %s", async (_what, answer) => {
    const gateway = await scene.launch({ UPSTREAM_DEADLINE: "2s", UNHEALTHY_THRESHOLD: "1" });
    const client = await RawClient.open(gateway.mcpUrl);
    await eventually(gateway.health, ({ backends }) => backends.test?.status === "healthy");
    let probes = 0;
    scene.backend.intercept = (_request, response, text) => {
      if (text.includes('"tools/list"')) probes += 1;
      if (!text.includes("tools/call")) return false;
      answer(response);
      return true;
    };
    expect((await client.call("list_items")).message.error?.data?.decision).toBe("upstream_error");
    expect((await gateway.health()).backends.test?.status).toBe("healthy");
    const before = probes;
    await eventually(
      () => probes,
      (count) => count > before,
    );
    scene.backend.intercept = undefined;
    expect((await client.call("list_items")).message.result).toBeDefined();
    expect((await gateway.health()).backends.test?.status).toBe("healthy");
    expect(gateway.log.join("\n")).not.toMatch(/-> unhealthy/);
  });

  it("marks a backend unhealthy that no longer answers anything", async () => {
    const gateway = await scene.launch({ HEALTH_TIMEOUT: "150ms", UNHEALTHY_THRESHOLD: "2" });
    scene.backend.intercept = () => true;
    await eventually(gateway.health, ({ backends }) => backends.test?.status === "unhealthy");
    scene.backend.intercept = undefined;
    await eventually(gateway.health, ({ backends }) => backends.test?.status === "healthy");
  });

  it("does not connect to a backend after it is closed", async () => {
    const silent = await startSilent();
    const target = { url: silent.url, headers: {}, sharesSession: false };
    const options = {
      name: "test",
      deadlineMs: 10_000,
      log: () => {},
      onToolsChanged: () => {},
      onSign: () => {},
    };
    const backend = new HttpUpstream(target, options);
    const waiting = backend.request("tools/list", {}, { deadlineMs: 10_000 });
    await eventually(silent.connections, (count) => count === 1);
    backend.close();
    await expect(waiting).rejects.toThrow("connection closed before a reply");
    await expect(backend.request("ping", {}, { deadlineMs: 1_000 })).rejects.toThrow(
      "the gateway has closed its connections",
    );
    await expect(backend.about(1_000)).rejects.toThrow();
    await silent.stop();
    expect(silent.connections()).toBe(1);
  });

  it("does not pass a queued request a connection after it is closed", async () => {
    const silent = await startSilent();
    const upstream = new UpstreamHttp(silent.url);
    const post = { body: "{}", headers: {}, deadlineMs: 10_000, onEvent: () => true };
    const settled = Promise.allSettled(Array.from({ length: 300 }, () => upstream.post(post)));
    await eventually(silent.connections, (count) => count === 256);
    upstream.close();
    expect((await settled).every(({ status }) => status === "rejected")).toBe(true);
    await silent.stop();
    expect(silent.connections()).toBe(256);
  });

  it("drops the call when the caller disconnects, and the turn continues", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const leaving = new AbortController();
    const call = client.call("list_items", { delayMs: 1_500 }, { turn: "t1", signal: leaving.signal });
    await eventually(
      () => scene.backend.calls.length,
      (count) => count === 1,
    );
    leaving.abort();
    await expect(call).rejects.toThrow();
    expect((await client.call("list_items", {}, { turn: "t2" })).message.result).toBeDefined();
    // Not an upstream failure: no caller was waiting.
    expect(decisionsOf(await scene.rowsOf(client, 2))).toEqual(["list_items allow", "list_items allow"]);
  });

  it.each([
    ["2025-11-25", false],
    ["2025-03-26", false],
    ["2024-11-05", true],
  ])("of revision %s, whose caller disconnects, is cancelled at the backend: %s", async (revision, isCancelled) => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl, revision);
    const cancellations: string[] = [];
    scene.backend.intercept = (_request, _response, body) => {
      if (body.includes("notifications/cancelled")) cancellations.push(body);
      return false;
    };
    const leaving = new AbortController();
    const call = client.call("list_items", { delayMs: 200 }, { signal: leaving.signal });
    await eventually(
      () => scene.backend.calls.length,
      (count) => count === 1,
    );
    leaving.abort();
    await expect(call).rejects.toThrow();
    await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 0);
    // Each of these is later at the backend than what the gateway sent it for the first.
    await client.call("list_items", { delayMs: 200 });
    expect([cancellations.length, scene.backend.calls[0]?.aborted]).toEqual([isCancelled ? 1 : 0, isCancelled]);
  });

  it("drops a cancelled call and answers it", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const call = client.call("list_items", { delayMs: 1_500 });
    await eventually(
      () => scene.backend.calls.length,
      (count) => count === 1,
    );
    await client.notify("notifications/cancelled", { requestId: 2 });
    expect((await call).message.error?.message).toBe("request dropped: caller cancelled");
    await eventually(
      () => scene.backend.calls[0]?.aborted,
      (aborted) => aborted === true,
    );
  });

  it("reads streamed replies, and relays progress with the caller's token", async () => {
    const streaming = await startBackend({ json: false });
    try {
      const gateway = await scene.launch({ BACKENDS: `test=${streaming.url}` });
      const client = await RawClient.open(gateway.mcpUrl);
      expect((await client.call("list_items", { n: 1 })).contentType).toBe("application/json");
      const reply = await client.call("list_items", { n: 2 }, { meta: { progressToken: "mine" } });
      expect(reply.contentType).toBe("text/event-stream");
      expect(reply.messages.slice(0, -1)).toMatchObject([
        { method: "notifications/progress", params: { progressToken: "mine", progress: 1, total: 2 } },
        { method: "notifications/progress", params: { progressToken: "mine", progress: 2, total: 2 } },
      ]);
      expect(reply.message.result).toMatchObject({ content: [{ text: '{"n":2}' }] });
      const plain = await client.call(
        "list_items",
        {},
        {
          meta: { progressToken: 1 },
          headers: { accept: "application/json" },
        },
      );
      expect(plain.contentType).toBe("application/json");
    } finally {
      await streaming.down();
    }
  });

  it("handles a reply that quotes the gateway's own request id", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.request("tools/list");
    scene.backend.intercept = (_request, response, text) => {
      if (!text.includes("tools/call")) return false;
      const { id } = JSON.parse(text);
      const result = { content: [], structuredContent: { id }, note: `"${id}"` };
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ result, jsonrpc: "2.0", id }));
      return true;
    };
    const { message } = await client.call("list_items");
    expect(message.id).toBe(3);
    expect(message.result?.structuredContent).toMatchObject({ id: expect.stringMatching(/^g/) });
  });

  it("passes other methods to the first backend that offers them", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    expect((await client.request("prompts/list")).message.result).toMatchObject({ prompts: [{ name: "greet" }] });
    expect((await client.request("prompts/get", { name: "greet" })).message.result).toHaveProperty("messages");
    expect((await client.request("prompts/get", { name: "no" })).message.error?.code).toBe(-32602);
    expect((await client.request("resources/list")).message.error?.code).toBe(-32601);
    await scene.backend.down();
    expect((await client.request("prompts/list")).message.error?.message).toBe(
      "upstream error: test: connection refused",
    );
  });
});
