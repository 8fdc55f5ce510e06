import { once } from "node:events";
import { WebSocket } from "ws";
import type { WindowHello, WindowWelcome } from "../../../contract/window.ts";
import type { ServedLab, Visitor } from "./served-lab.ts";

/** A window's WebSocket, message by message, without the page's client: what it is sent is what is on the wire. */
export class RawWindow {
  readonly socket: WebSocket;
  /** All that has come and was not taken by {@link next}. */
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

  /** A socket that has said nothing yet. */
  static async open(lab: ServedLab, headers: Record<string, string>): Promise<RawWindow> {
    const window = new RawWindow(new WebSocket(`ws://127.0.0.1:${lab.port}/lab`, { headers }));
    await once(window.socket, "open");
    return window;
  }

  /** One that has said which window it is, and what it was answered. */
  static async introduce(lab: ServedLab, visitor: Visitor, key = visitor.key) {
    const window = await RawWindow.open(lab, visitor.headers);
    window.send({ window: key } satisfies WindowHello);
    return { window, welcome: (await window.next()) as WindowWelcome };
  }

  /** One that was let in, with its next key. @throws Error when it was not */
  static async letIn(lab: ServedLab, visitor: Visitor, key = visitor.key) {
    const { window, welcome } = await RawWindow.introduce(lab, visitor, key);
    if (!("window" in welcome)) throw new Error(`not let in: ${welcome.refused.message}`);
    return { window, nextKey: welcome.window };
  }

  /** As JSON; a text as it is. */
  send(message: object | string | Buffer): void {
    this.socket.send(typeof message === "string" || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** The next message that came. @throws Error when the socket closes first */
  async next(): Promise<unknown> {
    for (;;) {
      const message = this.received.shift();
      if (message !== undefined) return JSON.parse(message);
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error("the socket was closed");
      await this.#wake.promise;
    }
  }

  /** Calls a procedure and gives its answer as it is on the wire. Nothing else may be under way. */
  async call(id: string, procedure: string, input?: unknown): Promise<WireAnswer> {
    this.send({ i: id, p: { u: `/${procedure}`, b: { json: input } } });
    return (await this.next()) as WireAnswer;
  }
}

export interface WireAnswer {
  i: string;
  p: { s?: number; b: { json: { code?: string; message?: string; key?: string; data?: { cure: string | null } } } };
}
