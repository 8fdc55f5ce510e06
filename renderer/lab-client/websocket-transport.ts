import { RPCLink } from "@orpc/client/websocket";
import { Refused, type Transport } from "./transport.ts";

const OPEN_LIMIT_MS = 5_000;

/** The browser host: a WebSocket to where the page came from, let in by the page's cookie. */
export function webSocketTransport(place: { host: string; protocol: string }): Transport {
  const secure = place.protocol === "https:";
  const address = `${secure ? "wss" : "ws"}://${place.host}/lab`;
  const door = `${place.protocol}//${place.host}/session`;
  return {
    async open(signal) {
      const socket = new WebSocket(address);
      // Before any listener of ours: its calls have then failed by the time that anyone hears of the end.
      const link = new RPCLink({ websocket: quiet(socket) });
      const gone = new AbortController();
      socket.addEventListener("close", () => gone.abort(new Error("the connection was closed")), { once: true });
      try {
        await opened(socket, AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]));
      } catch (error) {
        socket.close();
        // A browser does not tell why a WebSocket was refused, so the door is asked the ordinary way.
        if (await isRefused(door, signal)) throw new Refused("this page's token is spent or was never given");
        throw error;
      }
      return { link, gone: gone.signal, close: () => socket.close() };
    },
  };
}

/**
 * A stream that is given up tells the lab so, and throws out of nobody's reach when the socket has just closed. Once it
 * has, there is nobody to tell.
 */
function quiet(socket: WebSocket): Pick<WebSocket, "addEventListener" | "removeEventListener" | "send" | "readyState"> {
  return {
    addEventListener: socket.addEventListener.bind(socket),
    removeEventListener: socket.removeEventListener.bind(socket),
    get readyState() {
      return socket.readyState === WebSocket.CONNECTING ? WebSocket.CONNECTING : WebSocket.OPEN;
    },
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
  };
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.addEventListener("open", () => resolve(), { once: true });
  socket.addEventListener("close", () => reject(new Error("the connection was closed before it opened")), {
    once: true,
  });
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

async function isRefused(door: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(door, { signal: AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]) });
    return answer.status === 401 || answer.status === 403;
  } catch {
    return false; // nobody is there: that is worth trying again
  }
}
