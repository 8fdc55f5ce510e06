import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { McpProbe } from "./mcp-probe.ts";
import { makeProbe } from "./probe.ts";

const never = new AbortController().signal;

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(handle: Handle, wanted?: number) {
  const port = wanted ?? (await freePort());
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  return { close, address: `127.0.0.1:${port}` };
}

/** Without the time limit of a check in the lab, so that a busy machine does not matter. */
function probe(address: string): McpProbe {
  const made = new McpProbe({ url: `http://${address}/mcp`, headers: {} });
  onTestFinished(() => made.close());
  return made;
}

/** A server of the MCP SDK, with its open sessions and every request that it received. */
function sdkServer({ asJson = false, hasSessions = true } = {}) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const asked: string[] = [];
  let opened = 0;
  const handle: Handle = async (request, response) => {
    const chunks = await request.toArray();
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
    asked.push(`${request.method} ${body?.method ?? ""}`.trim());
    const known = sessions.get(String(request.headers["mcp-session-id"]));
    if (known === undefined && request.headers["mcp-session-id"] !== undefined)
      return response.writeHead(404).end("{}");
    if (known !== undefined) return known.handleRequest(request, response, body);
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: asJson,
      ...(hasSessions ? { sessionIdGenerator: randomUUID } : {}),
      onsessioninitialized: (id) => {
        opened++;
        sessions.set(id, transport);
      },
      onsessionclosed: (id) => void sessions.delete(id),
    } as ConstructorParameters<typeof StreamableHTTPServerTransport>[0]);
    await new McpServer({ name: "real", version: "1" }).connect(transport as Transport);
    await transport.handleRequest(request, response, body);
  };
  return { handle, asked, sessions, opened: () => opened };
}

describe.each([true, false])("an MCP probe of a server that answers in JSON: %s", (asJson) => {
  test("opens a session as a client does, then only pings in it, and ends it when it is closed", async () => {
    const server = sdkServer({ asJson });
    const { address } = await serve(server.handle);
    const one = probe(address);
    for (let at = 0; at < 4; at++) expect(await one.check(never)).toMatchObject({ status: "up" });
    expect(server.asked).toEqual(["POST initialize", "POST notifications/initialized", ...Array(3).fill("POST ping")]);
    expect(server.sessions.size).toBe(1);
    await one.close();
    expect(server.sessions.size).toBe(0);
  });

  test("opens a new session when the server has forgotten the old one, in the same check", async () => {
    const server = sdkServer({ asJson });
    const { address } = await serve(server.handle);
    const one = probe(address);
    expect(await one.check(never)).toMatchObject({ status: "up" });
    server.sessions.clear();
    expect(await one.check(never)).toMatchObject({ status: "up" });
    expect(server.opened()).toBe(2);
    expect(server.sessions.size).toBe(1);
  });

  test("is up with a server that has no sessions", async () => {
    const server = sdkServer({ asJson, hasSessions: false });
    const { address } = await serve(server.handle);
    const one = probe(address);
    for (let at = 0; at < 3; at++) expect(await one.check(never)).toMatchObject({ status: "up" });
    await one.close();
    expect(server.asked).not.toContain("DELETE");
  });
});

describe("an MCP probe is not up", () => {
  test.each([
    [400, '{"jsonrpc":"2.0","error":{"code":-32000,"message":"no session"},"id":null}', "answers HTTP 400: no session"],
    [401, "", "answers HTTP 401: it wants authorization (x-lab.headers)"],
    [406, "", "answers HTTP 406"],
    [503, "", "answers HTTP 503"],
    [200, "", "answers HTTP 200 without an MCP reply"],
    [200, "<html>", "answers HTTP 200 without an MCP reply"],
    [200, '{"jsonrpc":"2.0","id":9,"result":{"protocolVersion":"x"}}', "answers HTTP 200 without an MCP reply"],
    [200, '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"it failed"}}', "answers error -32603: it failed"],
  ])("with an HTTP server that answers every handshake with %i %s", async (status, body, reason) => {
    const { address } = await serve((request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
    const seen = await probe(address).check(never);
    expect(seen).toMatchObject({ status: "degraded", reason: `refuses an MCP handshake: ${reason}` });
  });

  test("with a server that opens sessions and answers no ping in them", async () => {
    const server = sdkServer();
    let isUnresponsive = false;
    const { address } = await serve((request, response) => {
      if (isUnresponsive) response.writeHead(502).end();
      else return server.handle(request, response);
    });
    const one = probe(address);
    expect(await one.check(never)).toMatchObject({ status: "up" });
    isUnresponsive = true;
    expect(await one.check(never)).toMatchObject({ status: "degraded", reason: expect.stringContaining("HTTP 502") });
    isUnresponsive = false;
    expect(await one.check(never)).toMatchObject({ status: "up" });
  });

  test("without a server, and is up again as soon as there is one", async () => {
    const server = sdkServer();
    const first = await serve(server.handle);
    const one = probe(first.address);
    expect(await one.check(never)).toMatchObject({ status: "up" });
    await first.close();
    server.sessions.clear();
    await expect(one.check(never)).rejects.toThrow("ECONNREFUSED");
    await serve(server.handle, Number(first.address.split(":")[1]));
    expect(await one.check(never)).toMatchObject({ status: "up" });
  });
});

test("a handshake that takes longer than a check is joined by the next checks, not restarted", async () => {
  const server = sdkServer();
  const blocked: (() => void)[] = [];
  let isSlow = true;
  const { address } = await serve(async (request, response) => {
    if (isSlow) await new Promise<void>((resolve) => blocked.push(resolve));
    return server.handle(request, response);
  });
  const one = makeProbe({ mcp: "/mcp" }, address);
  onTestFinished(() => one.close());
  expect(await one.check(never)).toMatchObject({ status: "down" });
  expect(await one.check(never)).toMatchObject({ status: "down" });
  await expect.poll(() => blocked.length).toBe(1);
  isSlow = false;
  for (const release of blocked) release();
  await expect.poll(async () => (await one.check(never)).status).toBe("up");
  expect(server.opened()).toBe(1);
  expect(server.asked.at(-1)).toBe("POST ping");
});
