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
