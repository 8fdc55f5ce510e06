/** Closing a socket so that its peer sees what is meant. */
import type { Socket } from "node:net";
import { limits } from "../limits.ts";

/**
 * Ends the socket with a FIN. What still arrives is read and dropped, because a socket that is closed with unread bytes
 * sends a reset instead; a peer that does not close in turn is left after a while.
 */
export function closeCleanly(socket: Socket): void {
  if (socket.destroyed) return;
  socket.removeAllListeners("data");
  socket.resume();
  const impatience = setTimeout(() => socket.destroy(), limits.goodbyeMs).unref();
  socket.once("close", () => clearTimeout(impatience));
  socket.end();
}

/**
 * Closes the socket with a TCP reset. While its FIN is under way the kernel handle cannot be reset, and Node would leave
 * it open for ever (net.Socket._destroy drops it after uv_tcp_close_reset has failed): then the reset follows the FIN.
 */
export function resetNow(socket: Socket): void {
  if (socket.destroyed) return;
  const isFinUnderWay = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isFinUnderWay) socket.once("finish", () => void (socket.destroyed || socket.resetAndDestroy()));
  else socket.resetAndDestroy();
}
