import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBackend, type TestBackend } from "../testing/backend.ts";
import { eventually, launchGateway, type TestGateway } from "../testing/lab.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres.ts";
import { RawClient, readReply, readUntil } from "../testing/raw-client.ts";

let postgres: TestPostgres;
let backend: TestBackend;
let gateway: TestGateway;

beforeAll(async () => {
  postgres = await startPostgres();
  backend = await startBackend();
  gateway = await launchGateway({ DATABASE_URL: postgres.url, BACKENDS: `test=${backend.url}` });
});

afterAll(async () => {
  await gateway?.stop();
  await backend?.down();
  await postgres?.stop();
});

const initialize = (protocolVersion: unknown) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion, capabilities: {}, clientInfo: { name: "t", version: "1" } },
  });

const ping = '{"jsonrpc":"2.0","id":"p","method":"ping"}';

describe("initialize", () => {
  it.each([
    ["2025-11-25", "2025-11-25"],
    ["2025-06-18", "2025-06-18"],
    ["2025-03-26", "2025-03-26"],
    ["2024-11-05", "2024-11-05"],
    ["2024-10-07", "2024-10-07"],
    ["1999-01-01", "2025-11-25"],
  ])("a request for %s is answered with %s", async (asked, spoken) => {
    const reply = await readReply(await new RawClient(gateway.mcpUrl).fetch(initialize(asked)));
    expect(reply).toMatchObject({ status: 200, contentType: "application/json" });
    expect(reply.message.result).toMatchObject({
      protocolVersion: spoken,
      capabilities: { tools: {}, prompts: {} },
      serverInfo: { name: "resilience-lab-gateway" },
    });
    expect(reply.headers.get("mcp-session-id")).toMatch(/^[\x21-\x7e]{16,}$/);
  });

  it("refuses one without a version", async () => {
    const reply = await readReply(await new RawClient(gateway.mcpUrl).fetch(initialize(undefined)));
    expect(reply).toMatchObject({ status: 400, message: { id: 1, error: { code: -32602 } } });
    expect(reply.headers.get("mcp-session-id")).toBeNull();
  });
});

describe("sessions", () => {
  it("require an id on everything but initialize", async () => {
    expect((await new RawClient(gateway.mcpUrl).request("ping")).status).toBe(400);
  });

  it("are refused if they never existed", async () => {
    const client = new RawClient(gateway.mcpUrl);
    client.sessionId = "0d9ab6a4-0000-4000-8000-000000000000";
    expect((await client.request("ping")).status).toBe(404);
    expect((await client.get()).status).toBe(404);
  });

  it("ends a session with DELETE", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.request("ping")).message.result).toEqual({});
    expect((await client.fetch(undefined, {}, { method: "DELETE" })).status).toBe(204);
    expect((await client.request("ping")).status).toBe(404);
    expect((await client.fetch(undefined, {}, { method: "DELETE" })).status).toBe(404);
  });

  it("require an id to be deleted", async () => {
    expect((await new RawClient(gateway.mcpUrl).fetch(undefined, {}, { method: "DELETE" })).status).toBe(400);
  });

  it("accepts notifications and responses with 202", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.notify("notifications/initialized")).status).toBe(202);
    const response = await client.fetch('{"jsonrpc":"2.0","id":9,"result":{}}');
    expect([response.status, await response.text()]).toEqual([202, ""]);
  });
});

describe("malformed requests", () => {
  it.each([
    ["{", -32700],
    ["", -32700],
    ["7", -32600],
    ["null", -32600],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":7}', -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', -32600],
    ['{"jsonrpc":"2.0","result":{}}', -32600],
  ])("%s is answered with %i", async (body, code) => {
    const client = await RawClient.open(gateway.mcpUrl);
    const reply = await readReply(await client.fetch(body));
    expect(reply).toMatchObject({ status: 400, message: { error: { code } } });
  });

  it("have a readable id returned in the refusal", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    const reply = await readReply(await client.fetch('{"jsonrpc":"2.0","id":"x7","method":7}'));
    expect(reply.message.id).toBe("x7");
  });

  it("are refused with a body above the limit, declared or not", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    const large = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping", params: { x: "y".repeat(1_100_000) } });
    expect((await client.fetch(large)).status).toBe(413);
    const status = await new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "mcp-session-id": client.sessionId ?? "" };
      const request = httpRequest(gateway.mcpUrl, { method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
      for (let sent = 0; sent < large.length; sent += 60_000) request.write(large.slice(sent, sent + 60_000));
      request.end();
    });
    expect(status).toBe(413);
    expect((await client.request("ping")).status).toBe(200);
  });

  it("do not stop the gateway: bytes that are not HTTP, a body that is cut off", async () => {
    for (const text of [
      "\0\x01\x02garbage\r\n\r\n",
      "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
    ]) {
      const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
      socket.on("error", () => {});
      socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
    }
    expect((await gateway.health()).status).toBe("ok");
  });

  it("with other HTTP methods are refused with the supported ones", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.request("resources/subscribe", { uri: "x" })).message.error?.code).toBe(-32601);
    expect((await client.request("__proto__")).message.error?.code).toBe(-32601);
    const response = await client.fetch("{}", {}, { method: "PUT" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST, GET, DELETE"]);
    expect((await fetch(`${gateway.url}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${gateway.url}/slack/actions`)).status).toBe(405);
  });
});

describe("headers", () => {
  it.each([
    [{ accept: "text/html" }, 406],
    [{ accept: "text/event-stream" }, 406],
    [{ accept: "application/json" }, 200],
    [{ accept: "*/*" }, 200],
    [{ "content-type": "text/plain" }, 415],
    [{ "content-type": "application/json; charset=utf-8" }, 200],
    [{ "mcp-protocol-version": "2024-11-05" }, 200],
    [{ "mcp-protocol-version": "nonsense" }, 400],
    [{ "mcp-protocol-version": "2025-06-18" }, 200],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ origin: "http://localhost:3000" }, 200],
  ])("%j is answered with %i", async (headers, status) => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.fetch(ping, headers)).status).toBe(status);
  });

  it("does not matter on initialize which version the header names, as none is agreed yet", async () => {
    const reply = await new RawClient(gateway.mcpUrl).fetch(initialize("2025-11-25"), {
      "mcp-protocol-version": "2099-01-01",
    });
    expect(reply.status).toBe(200);
  });

  it("is reached with a slash at the end of its path too", async () => {
    expect((await new RawClient(`${gateway.mcpUrl}/`).fetch(initialize("2025-11-25"))).status).toBe(200);
  });

  it("refuses a number as id that it could not give back, and takes every other", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    const idOf = async (id: string) => {
      const response = await client.fetch(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      return [response.status, ((await response.json()) as { id: unknown }).id];
    };
    expect(await idOf("9007199254740993")).toEqual([400, null]);
    expect(await idOf("9007199254740991")).toEqual([200, 9_007_199_254_740_991]);
    expect(await idOf("-1")).toEqual([200, -1]);
    expect(await idOf('"9007199254740993"')).toEqual([200, "9007199254740993"]);
  });

  it("refuses a foreign Host", async () => {
    const status = await new Promise((resolve) => {
      httpRequest(`${gateway.url}/health`, { headers: { host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    expect(status).toBe(403);
  });

  it("refuses a turn id that is too long", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("list_items", {}, { turn: "t".repeat(257) })).status).toBe(400);
  });
});

describe("batches", () => {
  const batch = `[${ping},{"jsonrpc":"2.0","method":"notifications/initialized"},7,{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_items"}}]`;

  it("are answered together in revisions that have them", async () => {
    const client = await RawClient.open(gateway.mcpUrl, "2025-03-26");
    const response = await client.fetch(batch);
    const messages = (await response.json()) as { id: unknown; result?: unknown; error?: { code: number } }[];
    expect(messages).toHaveLength(3);
    expect(messages[0]).toMatchObject({ id: "p", result: {} });
    expect(messages[1]).toMatchObject({ id: null, error: { code: -32600 } });
    expect(messages[2]).toMatchObject({ id: 2, result: { content: [{ text: "{}" }] } });
    expect((await client.fetch('[{"jsonrpc":"2.0","method":"notifications/x"}]')).status).toBe(202);
    expect((await client.fetch("[]")).status).toBe(400);
    expect((await client.fetch(`[${Array(101).fill(ping)}]`)).status).toBe(400);
  });

  it("are refused in revisions that have none", async () => {
    const client = await RawClient.open(gateway.mcpUrl, "2025-06-18");
    const reply = await readReply(await client.fetch(batch));
    expect(reply).toMatchObject({ status: 400, message: { error: { code: -32600 } } });
    expect(reply.message.error?.message).toMatch(/no batches/);
  });
});

describe("the stream of a session", () => {
  it("requires text/event-stream in Accept", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.get({ accept: "application/json" })).status).toBe(406);
  });

  it("opens with an event that has an id and no data, and is replaced by a newer one", async () => {
    const client = await RawClient.open(gateway.mcpUrl);
    const first = await client.get();
    expect(first.headers.get("content-type")).toBe("text/event-stream");
    expect(await readUntil(first, (text) => text.includes("\n\n"))).toMatch(/^id: s1_0\ndata: \n\n/);
    const replaced = await client.get();
    const again = await client.get();
    // The older stream ends when the newer one opens.
    expect(await replaced.text()).toBe("id: s2_0\ndata: \n\n");
    await again.body?.cancel();
  });

  it("opens with a comment for clients of earlier revisions", async () => {
    const client = await RawClient.open(gateway.mcpUrl, "2025-06-18");
    const stream = await client.get();
    expect(await readUntil(stream, (text) => text.includes("\n\n"))).toBe(": open\n\n");
  });

  it("announces changed tools, and can be resumed where it was cut", async () => {
    const other = await startBackend({ tools: ["list_one"] });
    const own = await launchGateway({
      DATABASE_URL: postgres.url,
      BACKENDS: `other=${other.url}`,
      PROTECTIONS_OFF: "capability-cache",
    });
    try {
      const client = await RawClient.open(own.mcpUrl);
      await client.request("tools/list");
      const cut = new AbortController();
      await readUntil(await client.get({}, cut.signal), (text) => text.includes("\n\n"));
      cut.abort();
      await other.down();
      expect((await client.request("tools/list")).message.error?.message).toMatch(/other is not available/);
      const leaving = new AbortController();
      const resumed = await client.get({ "last-event-id": "s1_0" }, leaving.signal);
      const text = await readUntil(resumed, (seen) => seen.includes("list_changed"));
      expect(text).toMatch(/^id: s1_1\nevent: message\ndata: .*notifications\/tools\/list_changed/);
      expect((await client.get({ "last-event-id": "s9_1" })).status).toBe(400);
      expect((await client.get({ "last-event-id": "nonsense" })).status).toBe(400);
      const stranger = await RawClient.open(own.mcpUrl);
      expect((await stranger.get({ "last-event-id": "s1_0" })).status).toBe(400);
      leaving.abort();
    } finally {
      await own.stop();
      await other.down();
    }
  });
});

describe("sessions are bounded", () => {
  it("ends one that was unused for longer than SESSION_TTL", async () => {
    const own = await launchGateway({
      DATABASE_URL: postgres.url,
      BACKENDS: `test=${backend.url}`,
      SESSION_TTL: "50ms",
    });
    try {
      const client = await RawClient.open(own.mcpUrl);
      await eventually(own.health, ({ diagnostics }) => diagnostics.sessions === 0);
      expect((await client.request("ping")).status).toBe(404);
    } finally {
      await own.stop();
    }
  });
});
