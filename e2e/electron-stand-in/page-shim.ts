/** Runs in the page before its own scripts and replaces Electron's renderer side: the preload's `electron`. */
export function pageShim(preload: string): string {
  // As a function's body and not as text: the page's policy forbids evaluating text.
  return `(${shim.toString()})(function (require, module, exports) {${preload}\n})`;
}

interface StandInWindow extends Window {
  standInReport(message: object): Promise<void>;
  standInDeliver(message: { channel: string; data: unknown } | { port: string; data: unknown }): void;
}

type Preload = (require: () => object, module: object, exports: object) => void;

function shim(preload: Preload): void {
  // As in Electron, frames within the page get no preload.
  if (window.top !== window) return;
  const own = window as unknown as StandInWindow;
  const ports = new Map<string, MessagePort>();
  const listeners = new Map<string, ((event: object, data: unknown) => void)[]>();
  own.standInDeliver = (message) => {
    if ("port" in message) ports.get(message.port)?.postMessage(message.data);
    else for (const listener of listeners.get(message.channel) ?? []) listener({}, message.data);
  };
  const electron = {
    contextBridge: {
      exposeInMainWorld: (name: string, api: object) =>
        Object.defineProperty(window, name, { value: Object.freeze(api), enumerable: true }),
    },
    ipcRenderer: {
      on(channel: string, listener: (event: object, data: unknown) => void) {
        listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      },
      postMessage(channel: string, data: unknown, transfer: MessagePort[] = []) {
        const ids = transfer.map((port) => {
          const id = crypto.randomUUID();
          ports.set(id, port);
          port.onmessage = (event) => void own.standInReport({ port: id, data: event.data });
          return id;
        });
        void own.standInReport({ channel, data, ports: ids, address: window.location.href });
      },
    },
  };
  const module = { exports: {} };
  preload(() => electron, module, module.exports);
}
