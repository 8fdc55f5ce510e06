/** Load over plain sockets, with a cost low enough not to affect the measurement. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** MB/s of one transfer. */
export async function transferRate(port: number, bytes: number, request = `B${bytes}\n`): Promise<number> {
  return bytes / 1_000 / (await transferMs(port, bytes, request));
}

/** From the request to the reply's end; at least so many bytes are expected. */
export async function transferMs(port: number, bytes: number, request = `B${bytes}\n`): Promise<number> {
  const socket = await open(port);
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  const startMs = performance.now();
  socket.write(request);
  await once(socket, "end");
  const tookMs = performance.now() - startMs;
  socket.destroy();
  if (received < bytes) throw new Error(`${received} of ${bytes} bytes arrived`);
  return tookMs;
}

/** A connection on which one message at a time is answered by `replyBytes` bytes. */
export class Line {
  readonly #socket: Socket;
  readonly #message: string;
  readonly #replyBytes: number;
  #received = 0;
  #answered: () => void = () => {};

  private constructor(socket: Socket, message: string, replyBytes: number) {
    this.#socket = socket;
    this.#message = message;
    this.#replyBytes = replyBytes;
    socket.on("data", (chunk: Buffer) => {
      this.#received += chunk.length;
      if (this.#received < this.#replyBytes) return;
      this.#received -= this.#replyBytes;
      this.#answered();
    });
  }

  static async open(port: number, message: string, replyBytes: number): Promise<Line> {
    return new Line(await open(port), message, replyBytes);
  }

  /** Duration of one answer. */
  ask(): Promise<number> {
    const startMs = performance.now();
    return new Promise((resolve) => {
      this.#answered = () => resolve(performance.now() - startMs);
      this.#socket.write(this.#message);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Messages answered per second over several connections. */
export async function answersPerSecond(lines: readonly Line[], forMs: number): Promise<number> {
  let count = 0;
  const endMs = performance.now() + forMs;
  const startMs = performance.now();
  await Promise.all(
    lines.map(async (line) => {
      while (performance.now() < endMs) {
        await line.ask();
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - startMs);
}
