import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { greet } from "./port-greeting.ts";

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const never = new AbortController().signal;

test("what answers every request, and none of them as asked, only accepts connections, and is not late", async () => {
  const address = await serve((_, response) => response.writeHead(404).end());
  expect(await greet(address, never)).toEqual({ speaks: "tcp", isLate: false });
});

test("what leaves requests unanswered may speak more than it says in time", async () => {
  const silent = await serve(() => {});
  const half = await serve(
    ({ url }, response) => url !== "/mcp" && response.writeHead(url === "/health" ? 200 : 404).end(),
  );
  expect(await Promise.all([silent, half].map((address) => greet(address, never)))).toEqual([
    { speaks: "tcp", isLate: true },
    { speaks: "http", path: "/health", isLate: true },
  ]);
});

test("no event stream is asked for where a path speaks Streamable HTTP, and one at each path where none does", async () => {
  const streamsAsked = async (isNewer: boolean) => {
    const asked: string[] = [];
    const address = await serve(({ method, url = "", headers }, response) => {
      if (method === "GET" && headers.accept?.includes("text/event-stream")) asked.push(url);
      const result = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "it", version: "1" } };
      const reply = JSON.stringify({ jsonrpc: "2.0", id: 1, result });
      if (isNewer && method === "POST" && url === "/mcp") response.writeHead(200).end(reply);
      else response.writeHead(404).end();
    });
    expect(await greet(address, never)).toMatchObject(isNewer ? { speaks: "mcp", path: "/mcp" } : { speaks: "tcp" });
    return asked.sort();
  };
  expect(await streamsAsked(true)).toEqual([]);
  expect(await streamsAsked(false)).toEqual(["/", "/api/mcp", "/mcp", "/sse"]);
});
