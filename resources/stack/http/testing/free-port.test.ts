import assert from "node:assert";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort, TEST_PORTS } from "./free-port.ts";

/** Resolves to the port, which is given up again. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  const chosen = (server.address() as AddressInfo).port;
  server.close();
  await once(server, "close");
  return chosen;
}

test("a free port is none that the system gives away by itself before its service listens", async () => {
  const given: number[] = [];
  for (let count = 0; count < 50; count++) given.push(await listenOnce(0));
  for (let count = 0; count < 50; count++) {
    const port = await freePort();
    expect(port).toBeLessThan(Math.min(...given));
    await listenOnce(port);
  }
});

test("a free port is none that fetch and browsers refuse to ask", async () => {
  // Stands where a connection would be made, so that no port is really asked.
  const init: object = { dispatcher: { dispatch: () => assert.fail("asked") } };
  const refused: number[] = [];
  for (let port = TEST_PORTS.from; port <= TEST_PORTS.to; port++) {
    const failure: unknown = await fetch(`http://127.0.0.1:${port}`, init).catch((error: unknown) => error);
    const isAsked = failure instanceof Error && failure.cause instanceof assert.AssertionError;
    if (!isAsked) refused.push(port);
  }
  expect(refused).toEqual([]);
});
