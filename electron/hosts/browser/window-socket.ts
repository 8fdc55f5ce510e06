import type { Duplex } from "node:stream";
import type { RPCHandler } from "@orpc/server/ws";
import type { WebSocket } from "ws";
import { WINDOW_CLOSE } from "../../contract/window.ts";
import type { RouterContext } from "../../lab/service/procedures/router.ts";
import { answerToMalformed } from "../../lab/service/procedures/wire-message.ts";
import { PageConnection } from "../../lab/service/streams/stream-registry.ts";

const PING_EVERY_MS = 15_000;
/** Messages outside the contract, before the connection is closed. */
const MALFORMED_LIMIT = 5;

/**
 * Serves one window until it closes. A window that stops answering pings is closed, so that its streams end.
 *
 * @param wire the connection beneath the WebSocket
 */
export function serveWindow(socket: WebSocket, handler: RPCHandler<RouterContext>, wire?: Duplex): void {
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
  // The close event follows; without a listener the error would end the process.
  socket.on("error", () => {});
  const connection = new PageConnection();
  void handler.upgrade(paced(socket, wire, connection), { context: { connection } });
}

type Upgradable = Parameters<RPCHandler<RouterContext>["upgrade"]>[0];

/** The socket as passed to the RPC library. */
function paced(socket: WebSocket, wire: Duplex | undefined, { texts }: PageConnection): Upgradable {
  let isCorked = false;
  /** Everything sent to one window in one turn of the event loop goes in one write: its streams get an event together. */
  const cork = () => {
    if (isCorked || wire === undefined) return;
    isCorked = true;
    wire.cork();
    setImmediate(() => {
      isCorked = false;
      wire.uncork();
    });
  };
  /** Resolves when the bytes have left this process: a stream builds its next message only then. */
  const send = (data: string | Uint8Array) =>
    new Promise<void>((resolve) => {
      const message = typeof data === "string" ? texts.fillIn(data) : data;
      if (socket.readyState !== socket.OPEN) return resolve();
      cork();
      socket.send(message, () => resolve());
    });
  let malformed = 0;
  const onMessage = (listener: (event: { data: string }) => void) =>
    socket.on("message", (data, isBinary) => {
      const text = isBinary ? undefined : String(data);
      const answer = answerToMalformed(text);
      if (answer === undefined && text !== undefined) return listener({ data: text });
      if (socket.readyState !== socket.OPEN) return;
      socket.send(answer ?? "");
      malformed++;
      if (malformed < MALFORMED_LIMIT) return;
      socket.close(WINDOW_CLOSE.malformed, `${MALFORMED_LIMIT} messages were outside the contract`);
    });
  const addEventListener = (name: string, listener: never) => {
    if (name === "message") onMessage(listener);
    else socket.addEventListener(name as "close", listener);
  };
  return {
    send: send as unknown as WebSocket["send"],
    addEventListener: addEventListener as unknown as WebSocket["addEventListener"],
  };
}
