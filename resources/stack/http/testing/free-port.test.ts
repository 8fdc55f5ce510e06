import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { freePort } from "./free-port.ts";

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
