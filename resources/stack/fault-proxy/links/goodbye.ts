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
