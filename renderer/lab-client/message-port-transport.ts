import { RPCLink } from "@orpc/client/message-port";
import { LAB_PORT_MESSAGE, type LabBridge } from "../../electron/contract/bridge.ts";
import type { Transport } from "./transport.ts";

const OPEN_LIMIT_MS = 5_000;

/** The desktop shell: the preload passes one port of a channel whose other port is the lab's. */
export function messagePortTransport(bridge: LabBridge): Transport {
  return {
    async open(signal) {
      const port = await askForPort(bridge, AbortSignal.any([signal, AbortSignal.timeout(OPEN_LIMIT_MS)]));
      const link = new RPCLink({ port });
      const gone = new AbortController();
      const end = () => gone.abort(new Error("the connection was closed"));
      port.addEventListener("close", end, { once: true });
      port.start();
      return {
        link,
        gone: gone.signal,
        // Closing a port fires the event only on the other side.
        close() {
          port.close();
          end();
        },
      };
    },
  };
}

function askForPort(bridge: LabBridge, signal: AbortSignal): Promise<MessagePort> {
  const { promise, resolve, reject } = Promise.withResolvers<MessagePort>();
  const onAbort = () => reject(signal.reason);
  // Only this window's own preload can post with this window as the source.
  const onMessage = (event: MessageEvent) => {
    const [port] = event.ports;
    if (event.source === window && event.data === LAB_PORT_MESSAGE && port !== undefined) resolve(port);
  };
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  window.addEventListener("message", onMessage);
  bridge.connect();
  return promise.finally(() => {
    window.removeEventListener("message", onMessage);
    signal.removeEventListener("abort", onAbort);
  });
}
