import type { WebSocket } from "ws";
import { WINDOW_CLOSE, WINDOW_LIMIT, type WindowWelcome } from "../../contract/window.ts";
import { isObject, parseJson } from "../../model/json.ts";
import type { WindowKeys } from "./window-keys.ts";

/** Limit from the open socket to the window's key. */
const HELLO_LIMIT_MS = 10_000;
const NEXT_ADDRESS = "open the address that the lab printed in its terminal";

/**
 * Waits for a socket's first message, which is a window's key, and answers with the next key; `serve` is called for an
 * admitted window before anything else that it sends is read. Any other socket gets the reason and is closed.
 */
export function admitWindow(socket: WebSocket, keys: WindowKeys, serve: (socket: WebSocket) => void): void {
  // The close event follows; without a listener the error would end the process.
  socket.on("error", () => {});
  const refuse = (close: number, code: string, message: string, hint: string) => {
    socket.send(JSON.stringify({ refused: { code, message, hint } } satisfies WindowWelcome));
    socket.close(close, message);
  };
  const timer = setTimeout(() => {
    refuse(WINDOW_CLOSE.noKey, "unauthorized", "no window key arrived in time", NEXT_ADDRESS);
  }, HELLO_LIMIT_MS).unref();
  socket.once("close", () => clearTimeout(timer));
  socket.once("message", (data, isBinary) => {
    clearTimeout(timer);
    if (socket.readyState !== socket.OPEN) return;
    const key = isBinary ? undefined : keyIn(String(data));
    const supersede = () => socket.close(WINDOW_CLOSE.superseded, "this window has connected again");
    const window = key === undefined ? "unknown" : keys.connect(key, supersede);
    if (window === "unknown") {
      return refuse(
        WINDOW_CLOSE.unknownKey,
        "unauthorized",
        "this window's key is unknown or has expired",
        NEXT_ADDRESS,
      );
    }
    if (window === "too many") {
      const message = `the lab serves ${WINDOW_LIMIT} windows at once, and they are all open`;
      return refuse(WINDOW_CLOSE.tooManyWindows, "busy", message, "close another one, then load this page again");
    }
    socket.once("close", () => window.disconnected());
    socket.once("message", () => window.hasNextKey());
    socket.send(JSON.stringify({ window: window.nextKey } satisfies WindowWelcome));
    serve(socket);
  });
}

function keyIn(text: string): string | undefined {
  const hello = parseJson(text);
  return isObject(hello) && typeof hello.window === "string" ? hello.window : undefined;
}
