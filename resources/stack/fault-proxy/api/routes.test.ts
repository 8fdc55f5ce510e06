/** Toxiproxy 2.12's API, route by route: statuses, bodies and headers that its clients expect. */
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import {
  type ApiReply,
  echo,
  linkName,
  openProxy,
  openServer,
  type ProxyUnderTest,
} from "../testing/proxy-under-test.ts";

const path = `/proxies/${encodeURIComponent(linkName)}`;

async function open(): Promise<ProxyUnderTest> {
  return openProxy(await openServer(echo));
}

function expectError(reply: ApiReply, status: number, message: string | RegExp): void {
  expect(reply.status).toBe(status);
  expect(reply.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(reply.headers.get("x-content-type-options")).toBe("nosniff");
  expect(reply.text.endsWith("}\n")).toBe(true);
  expect(reply.json.status).toBe(status);
  expect(reply.json.error).toMatch(message);
}

describe("every route", () => {
  test("returns a request id; a success is JSON without a trailing newline", async () => {
    const proxy = await open();
    const reply = await proxy.call("GET", "/proxies");
    expect(reply.headers.get("x-toxiproxy-request-id")).toMatch(/^\w{20}$/);
    expect(reply.headers.get("content-type")).toBe("application/json");
    expect(reply.text.endsWith("}")).toBe(true);
  });

  test("refuses browsers", async () => {
    const reply = await (await open()).call("GET", "/version", undefined, { "user-agent": "Mozilla/5.0" });
    expect([reply.status, reply.text]).toEqual([403, "User agent not allowed\n"]);
  });

  test.each([
    ["HEAD", "/version"],
    ["PUT", "/proxies"],
    ["PUT", path],
    ["GET", "/reset"],
    ["GET", "/populate"],
    ["DELETE", `${path}/toxics`],
    ["OPTIONS", "/proxies"],
  ])("%s %s is a 405 without a body", async (method, route) => {
    const reply = await (await open()).call(method, route);
    expect([reply.status, reply.text]).toEqual([405, ""]);
  });

  test.each(["/", "/proxies/", "/nothing", `${path}/toxics/a/b`])("%s is a plain 404", async (route) => {
    const reply = await (await open()).call("GET", route);
    expect([reply.status, reply.text]).toEqual([404, "404 page not found\n"]);
  });

  test("refuses a foreign Host or Origin", async () => {
    const proxy = await open();
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve) => {
        request(`${proxy.apiUrl}/proxies`, { headers }, (reply) => resolve(reply.resume().statusCode)).end();
      });
    expect(await status({ host: "evil.example" })).toBe(403);
    expect(await status({ origin: "https://evil.example" })).toBe(403);
    expect(await status({})).toBe(200);
  });
});

test("GET /version", async () => {
  const reply = await (await open()).call("GET", "/version");
  expect(reply.text).toMatch(/^\{"version": "2\.12\.\d+\S*"\}\n$/);
  expect(reply.headers.get("content-type")).toBe("application/json;charset=utf-8");
});

describe("proxies", () => {
  test("are created, shown and listed by name", async () => {
    const proxy = await open();
    const created = await proxy.call("POST", "/proxies", {
      name: "two",
      listen: "localhost:0",
      upstream: "localhost:1",
    });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({ name: "two", upstream: "localhost:1", enabled: true, toxics: [] });
    expect(created.json.listen).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await proxy.call("GET", "/proxies/two")).json).toEqual(created.json);
    expect(Object.keys((await proxy.call("GET", "/proxies")).json)).toEqual([linkName, "two"]);
  });

  test("that do not exist are a 404", async () => {
    const proxy = await open();
    for (const [method, route] of [
      ["GET", "/proxies/x"],
      ["POST", "/proxies/x"],
      ["DELETE", "/proxies/x"],
      ["GET", "/proxies/x/toxics"],
      ["POST", "/proxies/x/toxics"],
      ["GET", "/proxies/x/toxics/y"],
    ] as const) {
      expectError(await proxy.call(method, route, method === "POST" ? {} : undefined), 404, /^proxy not found$/);
    }
  });

  test("are refused if fields are missing, invalid, in use or not a permitted address", async () => {
    const proxy = await open();
    const post = (body: unknown): Promise<ApiReply> => proxy.call("POST", "/proxies", body);
    expectError(await post({ upstream: "a:1" }), 400, /^missing required field: name$/);
    expectError(await post({ name: "a" }), 400, /^missing required field: upstream$/);
    expectError(await post("{"), 400, /^bad request body: /);
    expectError(await post({ name: 3, upstream: "a:1" }), 400, /^bad request body: name must be/);
    expectError(await post({ name: linkName, upstream: "a:1" }), 409, /^proxy already exists$/);
    const taken = `127.0.0.1:${proxy.port}`;
    const message = `listen tcp ${taken}: bind: address already in use`;
    expectError(await post({ name: "b", listen: taken, upstream: "a:1" }), 500, message);
    const bad = await post({ name: "b", listen: "bad", upstream: "a:1" });
    expectError(bad, 500, /^listen tcp: address bad: missing port in address$/);
    expect((await proxy.call("GET", "/proxies/b")).status).toBe(404);
  });

  test.each(["POST", "PATCH"])("are updated by %s: fields are merged, the name is ignored", async (method) => {
    const proxy = await open();
    const moved = await proxy.call(method, path, { upstream: "no.such.host:1", name: "other" });
    expect(moved.status).toBe(200);
    expect(moved.json).toMatchObject({ name: linkName, upstream: "no.such.host:1", enabled: true });
    expect(moved.json.listen).toBe(`127.0.0.1:${proxy.port}`);
    expect((await proxy.call(method, path, { enabled: false })).json.enabled).toBe(false);
    expectError(await proxy.call(method, path, { enabled: "no" }), 400, /^bad request body: enabled must be/);
    expectError(await proxy.call(method, path, { listen: "bad" }), 500, /missing port/);
  });

  test("are deleted", async () => {
    const proxy = await open();
    const gone = await proxy.call("DELETE", path);
    expect([gone.status, gone.text]).toEqual([204, ""]);
    expectError(await proxy.call("DELETE", path), 404, /^proxy not found$/);
  });
});

describe("toxics", () => {
  test("are created with 200 and Toxiproxy's defaults, and shown with their hits", async () => {
    const proxy = await open();
    const created = await proxy.call("POST", `${path}/toxics`, {
      type: "latency",
      attributes: { latency: 5, other: 1 },
    });
    expect(created.status).toBe(200);
    const toxic = {
      attributes: { latency: 5, jitter: 0 },
      name: "latency_downstream",
      type: "latency",
      stream: "downstream",
      toxicity: 1,
      hits: 0,
    };
    expect(created.json).toEqual(toxic);
    expect((await proxy.call("GET", `${path}/toxics/latency_downstream`)).json).toEqual(toxic);
    expect((await proxy.call("GET", path)).json.toxics).toEqual([toxic]);
  });

  test("are listed upstream first, each direction in order of addition; the stream is echoed as sent", async () => {
    const proxy = await open();
    for (const [name, stream] of [
      ["a", "downstream"],
      ["b", "UPSTREAM"],
      ["c", "downstream"],
      ["d", "upstream"],
    ]) {
      await proxy.arm({ name, type: "noop", stream });
    }
    const listed = (await proxy.call("GET", `${path}/toxics`)).json as { name: string; stream: string }[];
    expect(listed.map(({ name }) => name)).toEqual(["b", "d", "a", "c"]);
    expect(listed[0]?.stream).toBe("UPSTREAM");
  });

  test("are refused with a reason", async () => {
    const proxy = await open();
    const post = (body: unknown): Promise<ApiReply> => proxy.call("POST", `${path}/toxics`, body);
    expectError(await post({ type: "nope" }), 400, /^invalid toxic type$/);
    expectError(await post({}), 400, /^invalid toxic type$/);
    expectError(
      await post({ type: "noop", stream: "side" }),
      400,
      /^stream was invalid, can be either upstream or downstream$/,
    );
    expectError(await post("[]"), 400, /^bad request body: /);
    await proxy.arm({ type: "noop", name: "taken" });
    expectError(await post({ type: "noop", name: "taken", stream: "upstream" }), 409, /^toxic already exists$/);
  });

  test.each([undefined, { rate: 0 }])("bandwidth with %j is Toxiproxy's usual cut: a rate of 0", async (attributes) => {
    const proxy = await open();
    const cut = { name: "CUT", type: "bandwidth", stream: "upstream", toxicity: 1, attributes };
    const reply = await proxy.call("POST", `${path}/toxics`, cut);
    expect([reply.status, reply.json.attributes]).toEqual([200, { rate: 0 }]);
  });

  test.each([
    ["latency", { latency: "1" }],
    ["latency", { latency: 10.5 }],
    ["latency", { latency: -1 }],
    ["latency", { latency: 1, jitter: -1 }],
    ["bandwidth", { rate: -1 }],
    ["slicer", {}],
    ["slicer", { average_size: 0 }],
    ["slicer", { average_size: 10, size_variation: 11 }],
    ["slicer", { average_size: 10, size_variation: -1 }],
    ["limit_data", { bytes: -1 }],
    ["timeout", { timeout: 2 ** 31 }],
    ["http_status", {}],
    ["http_status", { status: 100 }],
    ["http_status", { status: 503, sttus: 1 }],
    ["session_lost", { status: 500 }],
    ["tools_changed", {}],
  ])("%s with %j is a clear 400", async (type, attributes) => {
    const reply = await (await open()).call("POST", `${path}/toxics`, { type, attributes });
    expectError(reply, 400, new RegExp(`^bad request body: .*${type}`));
  });

  test.each([
    [{ toxicity: 7 }, "toxicity must be a number from 0 to 1"],
    [{ toxicity: -1 }, "toxicity must be"],
    [{ expires_ms: 0 }, "expires_ms must be a whole number of milliseconds"],
    [{ seed: "x" }, "seed must be a whole number"],
    [{ match: { first: 1 } }, "match is only for toxics that read HTTP"],
    [{ attributes: [] }, "attributes must be an object"],
  ])("noop with %j is a clear 400", async (fields, message) => {
    const reply = await (await open()).call("POST", `${path}/toxics`, { type: "noop", ...fields });
    expectError(reply, 400, `bad request body: ${message}`);
  });

  test.each(["POST", "PATCH"])(
    "are updated by %s: attributes and toxicity are merged, the rest is ignored",
    async (method) => {
      const proxy = await open();
      await proxy.arm({ type: "latency", attributes: { latency: 5, jitter: 2 } });
      const route = `${path}/toxics/latency_downstream`;
      const change = { attributes: { latency: 9 }, toxicity: 0.5, type: "noop", stream: "upstream", name: "x" };
      const updated = await proxy.call(method, route, change);
      expect(updated.status).toBe(200);
      expect(updated.json).toMatchObject({ attributes: { latency: 9, jitter: 2 }, toxicity: 0.5, type: "latency" });
      expectError(await proxy.call(method, route, { attributes: { latency: -9 } }), 400, /latency/);
      expect((await proxy.call("GET", route)).json).toMatchObject({ attributes: { latency: 9, jitter: 2 } });
      expectError(await proxy.call(method, `${path}/toxics/none`, {}), 404, /^toxic not found$/);
    },
  );

  test("are deleted", async () => {
    const proxy = await open();
    await proxy.arm({ type: "noop" });
    const gone = await proxy.call("DELETE", `${path}/toxics/noop_downstream`);
    expect([gone.status, gone.text]).toEqual([204, ""]);
    expectError(await proxy.call("DELETE", `${path}/toxics/noop_downstream`), 404, /^toxic not found$/);
  });

  test("matches are validated and merged, null removes a condition", async () => {
    const proxy = await open();
    await proxy.arm({ type: "http_status", attributes: { status: 503 }, match: { method: "tools/call", first: 2 } });
    const route = `${path}/toxics/http_status_downstream`;
    const updated = await proxy.call("POST", route, { match: { first: null, ordinal: 3 } });
    expect(updated.json.match).toEqual({ method: "tools/call", ordinal: 3 });
    expectError(await proxy.call("POST", route, { match: { ordinal: 0 } }), 400, /match\.ordinal/);
    expectError(await proxy.call("POST", route, { match: { verb: "GET" } }), 400, /match has no condition "verb"/);
  });
});

test("are limited: names, body size, number of toxics", async () => {
  const proxy = await open();
  expectError(await proxy.call("POST", "/proxies", { name: "n".repeat(300), upstream: "a:1" }), 400, /name must be/);
  expect((await proxy.call("POST", "/proxies", `"${"x".repeat(1024 * 1024)}"`)).status).toBe(413);
  const toxics = Array.from({ length: 65 }, (_, at) => ({ type: "noop", name: `${at}` }));
  const reply = await proxy.call("POST", "/populate", [{ name: "a", listen: "127.0.0.1:0", upstream: "a:1", toxics }]);
  expect(reply.json).toMatchObject({ status: 400, error: expect.stringContaining("too many toxics") });
});

test("GET /hits/stream follows live and catches up", async () => {
  const proxy = await open();
  await proxy.arm({ type: "timeout", attributes: { timeout: 1 } });
  const { RawClient } = await import("../testing/raw-client.ts");
  const first = await RawClient.open(proxy.port);
  await first.ended();
  const reply = await fetch(`${proxy.apiUrl}/hits/stream?since=0`);
  const second = await RawClient.open(proxy.port);
  await second.ended();
  let text = "";
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (text.split("\n").length > 2) break;
  }
  const hits = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(hits).toMatchObject([
    { seq: 1, connection: 1, type: "timeout" },
    { seq: 2, connection: 2 },
  ]);
  expect((await proxy.call("GET", "/hits?since=1")).json).toMatchObject({ hits: [{ seq: 2 }], next: 2, dropped: 0 });
});
