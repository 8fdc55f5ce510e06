/** Closes a socket so that its peer receives either a FIN or a reset, as intended. */
import type { Socket } from "node:net";
import { limits } from "../limits.ts";

/**
 * Ends the socket with a FIN. Incoming bytes are read and dropped, because a socket that is closed with unread bytes sends a
 * reset instead; if the peer does not close, the socket is destroyed after `limits.closeWaitMs`.
 */
export function closeCleanly(socket: Socket): void {
  if (socket.destroyed) return;
  socket.removeAllListeners("data");
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), limits.closeWaitMs).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.end();
}

/**
 * Closes the socket with a TCP reset. While its FIN is being sent the kernel handle cannot be reset, and Node would leak it
 * (net.Socket._destroy drops it after uv_tcp_close_reset has failed): the reset then follows the FIN.
 */
export function resetNow(socket: Socket): void {
  if (socket.destroyed) return;
  const isFinUnderWay = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isFinUnderWay) socket.once("finish", () => void (socket.destroyed || socket.resetAndDestroy()));
  else socket.resetAndDestroy();
}
