import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePort } from "../../http/testing/free-port.ts";
import { becomes, isUnhealthy, isUp, setBackendScene, statusOf, toolsOf } from "../testing/backend-scene.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";

const scene = setBackendScene();
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const older = { BACKEND_OLDER_TRANSPORT: "sse", HEALTH_INTERVAL: "100ms" };
const gatewayTo = (url: string, variables: Record<string, string> = {}) =>
  scene.gateway({ older: { url } }, { ...older, ...variables });

const textOf = async (client: RawClient, tool: string, input: object = {}) => {
  const { result, error } = (await client.call(tool, input)).message;
  return ((result?.content as { text: string }[] | undefined)?.[0]?.text ?? error?.message) as string;
};

/** The SDK's server with HTTP+SSE alone, that can lose its sessions and be stopped and started at the same port. */
async function serve() {
  const streams = new Map<string, { transport: SSEServerTransport; mcp: McpServer }>();
  const asked: IncomingMessage[] = [];
  const calls: string[] = [];
  let intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  const port = await freePort();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(request);
    if (intercept?.(request, response)) return;
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    if (request.method === "GET" && pathname === "/sse") {
      const transport = new SSEServerTransport("/messages", response);
      const mcp = new McpServer({ name: "older", version: "1" });
      const { sessionId } = transport;
      mcp.registerTool("whose", {}, () => ({ content: [{ type: "text", text: sessionId }] }));
      mcp.registerTool("echo", { inputSchema: { text: z.string(), delayMs: z.number().default(0) } }, async (input) => {
        calls.push(input.text);
        await new Promise((resolve) => setTimeout(resolve, input.delayMs));
        return { content: [{ type: "text", text: input.text }] };
      });
      streams.set(sessionId, { transport, mcp });
      response.once("close", () => streams.delete(sessionId));
      await mcp.connect(transport);
    } else {
      const known = streams.get(searchParams.get("sessionId") ?? "");
      if (known) await known.transport.handlePostMessage(request, response);
      else response.writeHead(404).end();
    }
  };
  let server = createServer();
  const up = async () => {
    server = createServer((request, response) => void handle(request, response)).listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const down = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await up();
  ends.push(down);
  return {
    url: `http://127.0.0.1:${port}/sse`,
    streams,
    asked,
    calls,
    up,
    down,
    intercept: (by: typeof intercept) => {
      intercept = by;
    },
  };
}

describe("a backend over HTTP+SSE", () => {
  it("lists and executes its tools, one session a client, each ended with its client's", async () => {
    const server = await serve();
    const gateway = await gatewayTo(server.url, { BACKEND_OLDER_TOKEN: "secret" });
    const [one, other] = [await RawClient.open(gateway.mcpUrl), await RawClient.open(gateway.mcpUrl)];
    expect(await toolsOf(one)).toEqual(["whose", "echo"]);
    const [first, second] = [await textOf(one, "whose"), await textOf(other, "whose")];
    expect(first).not.toBe(second);
    expect(await textOf(one, "whose")).toBe(first);
    expect(server.streams.size).toBe(3);
    for (const { headers } of server.asked) expect(headers.authorization).toBe("Bearer secret");
    await one.fetch(undefined, {}, { method: "DELETE" });
    await eventually(
      () => server.streams.size,
      (size) => size === 2,
    );
    expect((await statusOf(gateway)).backends).toMatchObject([{ transport: "sse", health: "healthy" }]);
  });

  it("has calls in progress at once, each answered to its own caller", async () => {
    const server = await serve();
    const client = await RawClient.open((await gatewayTo(server.url, { BACKEND_OLDER_SESSIONS: "shared" })).mcpUrl);
    const texts = Array.from({ length: 8 }, (_, n) => `text ${n}`);
    const answers = texts.map((text, n) => textOf(client, "echo", { text, delayMs: 40 - 5 * n }));
    expect(await Promise.all(answers)).toEqual(texts);
  });

  it("whose stream breaks fails the calls in it at once, executes none twice, and is used again when it is back", async () => {
    const server = await serve();
    const gateway = await gatewayTo(server.url, { UPSTREAM_DEADLINE: "20s" });
    const client = await RawClient.open(gateway.mcpUrl);
    const held = textOf(client, "echo", { text: "held", delayMs: 60_000 });
    await eventually(
      () => server.calls,
      ({ length }) => length === 1,
    );
    await server.down();
    expect(await held).toMatch(/^upstream error: older: (its event stream has ended|connection)/);
    await becomes(gateway, "older", isUnhealthy);
    await server.up();
    await becomes(gateway, "older", isUp);
    expect(await textOf(client, "echo", { text: "again" })).toBe("again");
    expect(server.calls).toEqual(["held", "again"]);
  });

  it("that has forgotten a session is given a new one, once, and the call is executed once", async () => {
    const server = await serve();
    const client = await RawClient.open((await gatewayTo(server.url, { HEALTH_INTERVAL: "10m" })).mcpUrl);
    const before = await textOf(client, "whose");
    server.streams.delete(before);
    expect(await textOf(client, "echo", { text: "once" })).toBe("once");
    expect(await textOf(client, "whose")).not.toBe(before);
    expect(server.calls).toEqual(["once"]);
  });

  it("is read for other tools", async () => {
    const server = await serve();
    const gateway = await gatewayTo(server.url, { HEALTH_INTERVAL: "10m" });
    const client = await RawClient.open(gateway.mcpUrl);
    await toolsOf(client);
    for (const { mcp } of server.streams.values()) mcp.registerTool("new", {}, () => ({ content: [] }));
    await eventually(
      () => toolsOf(client),
      (tools) => tools.includes("new"),
    );
  });

  it.each([
    [
      "names an endpoint elsewhere",
      "event: endpoint\ndata: http://127.0.0.1:1/messages\n\n",
      /endpoint of another origin/,
    ],
    ["names none", ": nothing\n\n", /named no endpoint within 300 ms/],
  ])("that %s is sent nothing", async (_what, stream, reason) => {
    const server = await serve();
    server.intercept((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(stream);
      return true;
    });
    const gateway = await gatewayTo(server.url, { UPSTREAM_DEADLINE: "300ms" });
    await becomes(gateway, "older", isUnhealthy);
    const { reasons } = (await gateway.health()) as unknown as { reasons: string[] };
    expect(reasons.join("\n")).toMatch(reason);
    expect(server.asked.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("may be a server from npm", async () => {
    const { url, child } = await serverEverything();
    const gateway = await gatewayTo(url);
    await becomes(gateway, "older", isUp);
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toContain("echo");
    expect(await textOf(client, "echo", { message: "hello" })).toBe("Echo: hello");
    child.kill("SIGKILL");
    await becomes(gateway, "older", isUnhealthy);
  });
});

/** The reference server of the protocol's own project. */
async function serverEverything(): Promise<{ url: string; child: ChildProcess }> {
  const entry = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");
  const port = await freePort();
  const child = spawn(process.execPath, [entry, "sse"], { env: { ...process.env, PORT: String(port) }, stdio: "pipe" });
  ends.push(() => child.kill("SIGKILL"));
  let log = "";
  child.stderr.on("data", (bytes: Buffer) => {
    log += bytes.toString();
  });
  await eventually(
    () => log,
    (text) => text.includes("running on port"),
  );
  return { url: `http://127.0.0.1:${port}/sse`, child };
}
