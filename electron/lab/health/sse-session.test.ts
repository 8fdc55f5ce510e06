import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { sseServer } from "../../testing/sse-server.ts";
import { greet } from "../stacks/docker/port-greeting.ts";
import { McpProbe } from "./mcp-probe.ts";
import { openSse } from "./sse-session.ts";

const never = new AbortController().signal;

function probe(address: string, headers: Record<string, string> = {}): McpProbe {
  const made = new McpProbe({ url: `http://${address}/sse`, headers });
  onTestFinished(() => made.close());
  return made;
}

test("a server of HTTP+SSE alone is up: one stream is opened, pinged in, and closed with the probe", async () => {
  const { address, streams, asked } = await sseServer();
  const one = probe(address);
  expect(await one.check(never)).toEqual({ status: "up", reason: "answers an MCP handshake" });
  for (let at = 0; at < 3; at++) {
    expect(await one.check(never)).toEqual({ status: "up", reason: "answers an MCP ping" });
  }
  expect(asked.filter(({ method }) => method === "GET")).toHaveLength(1);
  expect(streams.size).toBe(1);
  await one.close();
  await expect.poll(() => streams.size).toBe(0);
});

test("a stream that its server has broken off is opened again, with a session of its own", async () => {
  const { address, streams, server } = await sseServer();
  const one = probe(address);
  await one.check(never);
  const [first] = streams.keys();
  server.closeAllConnections();
  await expect.poll(() => streams.has(first as string)).toBe(false);
  await expect.poll(async () => (await one.check(never)).status).toBe("up");
  expect(await one.check(never)).toEqual({ status: "up", reason: "answers an MCP ping" });
});

test("a server that wants a token is up with the header that carries it, and says so without", async () => {
  const { address, asked } = await sseServer({ authorization: "Bearer of-theirs" });
  expect(await probe(address, { authorization: "Bearer of-theirs" }).check(never)).toMatchObject({ status: "up" });
  // To both of its addresses.
  expect(new Set(asked.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer of-theirs"]));
  expect(await probe(address).check(never)).toEqual({
    status: "degraded",
    reason: "refuses an MCP handshake: answers HTTP 401: it wants authorization (x-lab.headers)",
  });
});

test("a stream that says nothing is no server: what answered the POST is the reason", async () => {
  const server = createServer((request, response) => {
    if (request.method === "GET") response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    else response.writeHead(405).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { promise: opened, resolve } = Promise.withResolvers<void>();
  server.on("request", ({ method }) => method === "GET" && resolve());
  const given = new AbortController();
  const checked = probe(`127.0.0.1:${(server.address() as AddressInfo).port}`).check(given.signal);
  await opened;
  given.abort(new Error("not in time"));
  await expect(checked).rejects.toThrow("not in time");
});

test.each(["/sse", "/mcp"])("a port is greeted as MCP over HTTP+SSE at %s", async (path) => {
  const { address, streams } = await sseServer({ path });
  expect(await greet(address, never)).toEqual({ speaks: "mcp", path });
  await expect.poll(() => streams.size).toBe(0);
});

test.each([
  ["before it is opened", async () => {}],
  ["while its stream is not answered", (asked: Promise<void>) => asked],
])("a handshake that is given up %s ends", async (_when, moment) => {
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const given = new AbortController();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`;
  if (moment.length === 0) given.abort(new Error("not in time"));
  const opening = openSse({ url, headers: {} }, given.signal);
  const refused = expect(opening).rejects.toThrow("not in time");
  await moment(asked.promise);
  given.abort(new Error("not in time"));
  await refused;
});
