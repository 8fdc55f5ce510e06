import { once } from "node:events";
import { WebSocket } from "ws";
import type { WindowHello, WindowWelcome } from "../../../contract/window.ts";
import type { ServedLab, Visitor } from "./served-lab.ts";

/** A window's WebSocket, message by message, without the page's client: shows exactly what is on the wire. */
export class RawWindow {
  readonly socket: WebSocket;
  /** Received messages not yet returned by {@link next}. */
  readonly received: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
    this.closed = promise;
    const wake = () => {
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    };
    socket.on("error", () => {});
    socket.on("message", (data) => {
      this.received.push(String(data));
      wake();
    });
    socket.on("close", (code, reason) => {
      resolve({ code, reason: String(reason) });
      wake();
    });
  }

  /** A socket that has sent nothing yet. */
  static async open(lab: ServedLab, headers: Record<string, string>): Promise<RawWindow> {
    const window = new RawWindow(new WebSocket(`ws://127.0.0.1:${lab.port}/lab`, { headers }));
    await once(window.socket, "open");
    return window;
  }

  /** A socket that has sent its window key, and the answer. */
  static async introduce(lab: ServedLab, visitor: Visitor, key = visitor.key) {
    const window = await RawWindow.open(lab, visitor.headers);
    window.send({ window: key } satisfies WindowHello);
    return { window, welcome: (await window.next()) as WindowWelcome };
  }

  /** An admitted window, with its next key. @throws Error when it was refused */
  static async letIn(lab: ServedLab, visitor: Visitor, key = visitor.key) {
    const { window, welcome } = await RawWindow.introduce(lab, visitor, key);
    if (!("window" in welcome)) throw new Error(`refused: ${welcome.refused.message}`);
    return { window, nextKey: welcome.window };
  }

  /** Sent as JSON; text unchanged. */
  send(message: object | string | Buffer): void {
    this.socket.send(typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** The next message. @throws Error when the socket closes first */
  async next(): Promise<unknown> {
    for (;;) {
      const message = this.received.shift();
      if (message !== undefined) return JSON.parse(message);
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the socket was closed");
      await this.#wake.promise;
    }
  }

  /** Calls a procedure and returns its answer as on the wire. No other call may be in progress. */
  async call(id: string, procedure: string, input?: unknown): Promise<WireAnswer> {
    this.send({ i: id, p: { u: `/${procedure}`, b: { json: input } } });
    return (await this.next()) as WireAnswer;
  }
}

export interface WireAnswer {
  i: string;
  p: { s?: number; b: { json: { code?: string; message?: string; key?: string; data?: { hint: string | null } } } };
}
