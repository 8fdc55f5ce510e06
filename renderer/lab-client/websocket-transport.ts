import { RPCLink } from "@orpc/client/websocket";
import { WINDOW_CLOSE, type WindowHello, type WindowWelcome } from "../../electron/contract/window.ts";
import { LabGone, type OpenLink, Refused, type Transport } from "./transport.ts";
import type { WindowKey } from "./window-key.ts";

const OPEN_LIMIT_MS = 15_000;
const NEXT_ADDRESS = "open the address that the lab printed in its terminal";

/**
 * The browser host: a WebSocket to the page's origin, authorized by the page's cookie and this window's key. It fails with
 * LabGone when nothing answers at that origin.
 */
export function webSocketTransport(place: { host: string; protocol: string }, key: WindowKey): Transport {
  const secure = place.protocol === "https:";
  const address = `${secure ? "wss" : "ws"}://${place.host}/lab`;
  const door = `${place.protocol}//${place.host}/session`;

  const openWith = async (own: string, signal: AbortSignal): Promise<OpenLink> => {
    const socket = new WebSocket(address);
    try {
      key.keep(await introduced(socket, own, AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)])));
    } catch (error) {
      socket.close();
      throw error;
    }
    // Before other listeners: pending calls have then failed before the end is reported.
    const link = new RPCLink({ websocket: quiet(socket) });
    const gone = new AbortController();
    socket.addEventListener("close", () => gone.abort(new Error("the connection was closed")), { once: true });
    return { link, gone: gone.signal, close: () => socket.close() };
  };

  return {
    async open(signal) {
      for (;;) {
        const own = await key.get(signal);
        if (own === undefined) throw new Refused("this window has no key", NEXT_ADDRESS);
        try {
          return await openWith(own, signal);
        } catch (error) {
          if (error instanceof Refused) throw error;
          if (error instanceof KeyUnknown) key.forget();
          // A browser does not report why a WebSocket was refused, so the session is checked with a fetch.
          else {
            const answer = await statusOf(door, key.headers(), signal);
            if (answer === undefined) throw new LabGone("nothing answers at the lab's address");
            if (answer !== 401 && answer !== 403) throw error;
            throw new Refused("this browser's session or this window's key is unknown or has expired", NEXT_ADDRESS);
          }
        }
      }
    },
    requestHeaders: () => key.headers(),
  };
}

/** The lab knows the browser but not the window. */
class KeyUnknown extends Error {}

/** Sends this window's key as the first message. Resolves to the window's next key. @throws Refused, KeyUnknown */
function introduced(socket: WebSocket, key: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const listening = new AbortController();
  const listen = { signal: listening.signal };
  signal.addEventListener("abort", () => reject(signal.reason), { ...listen, once: true });
  socket.addEventListener("open", () => socket.send(JSON.stringify({ window: key } satisfies WindowHello)), listen);
  let refused: Refused | undefined;
  socket.addEventListener(
    "message",
    ({ data }) => {
      const welcome = JSON.parse(String(data)) as WindowWelcome;
      if ("window" in welcome) resolve(welcome.window);
      else refused = new Refused(welcome.refused.message, welcome.refused.hint);
    },
    listen,
  );
  socket.addEventListener(
    "close",
    ({ code }) => {
      if (code === WINDOW_CLOSE.unknownKey) reject(new KeyUnknown("the lab does not know this window's key"));
      else if (code === WINDOW_CLOSE.tooManyWindows && refused !== undefined) reject(refused);
      else reject(new Error("the connection was closed before it opened"));
    },
    listen,
  );
  return promise.finally(() => listening.abort());
}

/**
 * A cancelled stream notifies the lab, which would throw uncaught if the socket has just closed. Sending on a closed
 * socket is ignored instead.
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

/** The HTTP status of the answer; undefined without one. */
async function statusOf(
  door: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]);
    return (await fetch(door, { headers, signal: limit })).status;
  } catch {
    return undefined;
  }
}
