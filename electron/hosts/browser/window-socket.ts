import type { RPCHandler } from "@orpc/server/ws";
import type { WebSocket } from "ws";
import { fillIn } from "../../lab/service/json-text.ts";
import type { RouterContext } from "../../lab/service/router.ts";
import { PageConnection } from "../../lab/service/stream-book.ts";

const PING_EVERY_MS = 15_000;

/** Serves one window until it closes. One that no longer answers pings is closed, so that its streams end. */
export function serveWindow(socket: WebSocket, handler: RPCHandler<RouterContext>): void {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, PING_EVERY_MS).unref();
  socket.on("close", () => clearInterval(timer));
  // Said by its close event too; without a listener it would end the process.
  socket.on("error", () => {});
  void handler.upgrade(paced(socket), { context: { connection: new PageConnection() } });
}

type Upgradable = Parameters<RPCHandler<RouterContext>["upgrade"]>[0];

/** A send that resolves when the bytes have left this process: a stream makes its next message only then. */
function paced(socket: WebSocket): Upgradable {
  const send = (data: string | Uint8Array) =>
    new Promise<void>((resolve) => {
      const message = typeof data === "string" ? fillIn(data) : data;
      if (socket.readyState !== socket.OPEN) return resolve();
      socket.send(message, () => resolve());
    });
  return {
    send: send as unknown as WebSocket["send"],
    addEventListener: socket.addEventListener.bind(socket) as WebSocket["addEventListener"],
  };
}
