import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Above 10080, the last port that fetch and browsers refuse to ask (fetch.spec.whatwg.org/#port-blocking), and below those that
 * labs choose and those that systems give to programs which name none (from 32768 on Linux): any other test beside this one
 * could have been given such a port before its service listens.
 */
export const TEST_PORTS = { from: 10_100, to: 14_999 };

/** A port of this machine's loopback on which nobody listens, and which nobody gets unasked: it can be given up for a while. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(TEST_PORTS.from, TEST_PORTS.to + 1);
    const server = createServer().listen({ host: "127.0.0.1", port, exclusive: true });
    const isFree = await once(server, "listening").then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") throw error;
        return false;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
