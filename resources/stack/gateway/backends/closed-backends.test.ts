/** A backend that was closed, by the stop of the gateway or by its removal, is never connected again. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../testing/lab.ts";
import { Backends } from "./backends.ts";
import { HttpUpstream } from "./http-upstream.ts";
import { SseUpstream } from "./sse-upstream.ts";
import { StdioUpstream } from "./stdio-upstream.ts";
import type { Upstream } from "./upstream.ts";

const options = { name: "test", deadlineMs: 10_000, log: () => {}, onToolsChanged: () => {}, onSign: () => {} };
const initialized = {
  protocolVersion: "2025-06-18",
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: "test", version: "1" },
};

/** Answers initialize, over Streamable HTTP at /mcp and over HTTP+SSE at /sse; at /silent nothing. */
async function serve() {
  let connections = 0;
  let streams = 0;
  const sockets = new Set<Socket>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === "/silent") return;
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method === "GET") {
      streams += 1;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(request.url === "/sse" ? "event: endpoint\ndata: /messages\n\n" : ": open\n\n");
      events = response;
      return;
    }
    const { id } = body === "" ? {} : JSON.parse(body);
    const reply = JSON.stringify({ jsonrpc: "2.0", id, result: initialized });
    if (id === undefined || request.url === "/messages") response.writeHead(202).end();
    else response.writeHead(200, { "content-type": "application/json", "mcp-session-id": "one" }).end(reply);
    if (id !== undefined && request.url === "/messages") events?.write(`event: message\ndata: ${reply}\n\n`);
  };
  let events: ServerResponse | undefined;
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    at: (path: string) => ({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
      headers: {},
      sharesSession: false,
    }),
    connections: () => connections,
    open: () => sockets.size,
    streams: () => streams,
    breakAll: () => server.closeAllConnections(),
  };
}

async function refusesAll(upstream: Upstream): Promise<void> {
  await expect(upstream.about(1_000)).rejects.toThrow();
  await expect(upstream.request("tools/list", {}, { deadlineMs: 1_000 })).rejects.toThrow();
  await expect(upstream.request("tools/list", {}, { deadlineMs: 1_000, client: "c" })).rejects.toThrow();
  await upstream.beginClient("c");
}

describe("a backend that was closed does not connect again", () => {
  it("over Streamable HTTP, neither for a request nor to follow its tools", async () => {
    const [closed, other] = [await serve(), await serve()];
    const upstreams = [closed, other].map(({ at }) => new HttpUpstream(at("/mcp"), options));
    onTestFinished(async () => void (await Promise.all(upstreams.map((each) => each.close()))));
    const [upstream] = upstreams as [HttpUpstream, HttpUpstream];
    await Promise.all(upstreams.map((each) => each.about(10_000)));
    await eventually(
      () => [closed.streams(), other.streams()],
      (counts) => counts.join() === "1,1",
    );
    await upstream.close();
    const before = closed.connections();
    closed.breakAll();
    other.breakAll();
    await refusesAll(upstream);
    // The one that was not closed reads its stream again.
    await eventually(other.streams, (count) => count === 2);
    expect(closed.connections()).toBe(before);
  });

  it("over HTTP+SSE", async () => {
    const server = await serve();
    const upstream = new SseUpstream(server.at("/sse"), options);
    await upstream.about(10_000);
    await upstream.close();
    const before = server.connections();
    await refusesAll(upstream);
    await eventually(server.open, (count) => count === 0);
    expect(server.connections()).toBe(before);
  });

  it.each([
    ["Streamable HTTP", HttpUpstream],
    ["HTTP+SSE", SseUpstream],
  ])("over %s while it was being connected: that is given up", async (_name, Transport) => {
    const server = await serve();
    const upstream = new Transport(server.at("/silent"), { ...options, deadlineMs: 60_000 });
    const waiting = upstream.about(60_000);
    await eventually(server.open, (count) => count === 1);
    await upstream.close();
    await expect(waiting).rejects.toThrow();
    await eventually(server.open, (count) => count === 0);
    expect(server.connections()).toBe(1);
  });

  it("as a command that was to be started again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const starts = join(folder, "starts");
    const program = `require("fs").appendFileSync(${JSON.stringify(starts)}, process.env.WHO + " "); process.exit(7)`;
    const begin = (who: string) => {
      const ended = Promise.withResolvers<void>();
      const upstream = new StdioUpstream(
        { command: ["node", "-e", program], environment: { WHO: who }, restarts: { longestPauseMs: 1_000 } },
        { ...options, onSign: () => ended.resolve() },
      );
      onTestFinished(() => upstream.close());
      upstream.about(10_000).catch(() => {});
      return { upstream, ended: ended.promise };
    };
    const [closed, other] = [begin("closed"), begin("other")];
    await Promise.all([closed.ended, other.ended]);
    await closed.upstream.close();
    await refusesAll(closed.upstream);
    const count = (who: string) => readFileSync(starts, "utf8").split(`${who} `).length - 1;
    // Each of its pauses is longer than the one after which the other would have been started.
    await eventually(
      () => count("other"),
      (times) => times === 3,
    );
    expect(count("closed")).toBe(1);
  });

  it("after all were closed, also when it comes with a configuration that is taken over then", async () => {
    const probed: string[] = [];
    const server = await serve();
    const settings = (name: string) => ({
      name,
      connection: { transport: "streamable-http" as const, ...server.at("/mcp") },
      deadlineMs: 1_000,
      trustsHints: false,
      repeatsWrites: false,
      retryShare: undefined,
      retryBurst: 0,
      honoursRetryAfter: false,
      bulkheadLimit: undefined,
      health: { intervalMs: 10, recheckMs: 10, timeoutMs: 1_000, unhealthyThreshold: 3, degradedAfterMs: 1_000 },
      circuit: undefined,
    });
    const backends = new Backends([settings("first")], { ...options, onChange: () => {} });
    backends.monitor(async ({ name }) => void probed.push(name));
    expect(probed).toEqual(["first"]);
    await backends.close();
    backends.update([settings("first"), settings("late")]);
    expect(probed).toEqual(["first"]);
    expect(backends.all.map(({ name }) => name)).toEqual(["first"]);
  });
});
