import { EventEmitter } from "node:events";

export const ipcMain = new EventEmitter();

type Handler = (request: Request) => Promise<Response>;
const handlers = new Map<string, Handler>();

export const protocol = {
  registerSchemesAsPrivileged(): void {},
  handle(scheme: string, handler: Handler): void {
    handlers.set(scheme, handler);
  },
};

/** The shell's response for one of its schemes; undefined for an unregistered scheme. */
export function answer(address: string, init: RequestInit): Promise<Response> | undefined {
  return handlers.get(new URL(address).protocol.slice(0, -1))?.(new Request(address, init));
}

type RequestAnswer = (contents: unknown, permission: string, callback: (isGranted: boolean) => void) => void;

class Session extends EventEmitter {
  #onRequest: RequestAnswer = (_contents, _permission, callback) => callback(true);

  setPermissionRequestHandler(handler: RequestAnswer): void {
    this.#onRequest = handler;
  }
  setPermissionCheckHandler(): void {}
  setDevicePermissionHandler(): void {}

  /** Grants what is not refused, as Electron does. */
  isGranted(permission: string): boolean {
    let isGranted = false;
    this.#onRequest(undefined, permission, (answer) => {
      isGranted = answer;
    });
    return isGranted;
  }
}

export const session = { defaultSession: new Session() };

/** The main process's port of a channel to a page. */
export class MessagePortMain extends EventEmitter {
  readonly #send: (data: unknown) => void;
  readonly #waiting: unknown[] = [];
  #isStarted = false;
  #isClosed = false;

  constructor(send: (data: unknown) => void) {
    super();
    this.#send = send;
  }

  postMessage(data: unknown): void {
    if (!this.#isClosed) this.#send(data);
  }
  start(): void {
    this.#isStarted = true;
    for (const data of this.#waiting.splice(0)) this.emit("message", { data });
  }
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit("close");
  }
  receive(data: unknown): void {
    if (this.#isClosed) return;
    if (this.#isStarted) this.emit("message", { data });
    else this.#waiting.push(data);
  }
}
