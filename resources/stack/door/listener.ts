import { once } from "node:events";
import type { ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { open } from "./connection.ts";

/** Connections that wait until the lab takes them; more are closed. */
const WAITING_LIMIT = 64;

/** Listens on one address; each connection to it goes to one stream, whichever of the two comes first. */
export class Listener {
  readonly #server: Server;
  readonly #streams: ServerHttp2Stream[] = [];
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#take(socket));
  }

  /** @throws Error when it cannot listen there */
  static async on(host: string, port: number): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const listener = new Listener(server);
    server.listen({ host, port });
    await once(server, "listening");
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For the next connection. */
  give(stream: ServerHttp2Stream): void {
    this.#streams.push(stream);
    stream.once("close", () => {
      const at = this.#streams.indexOf(stream);
      if (at >= 0) this.#streams.splice(at, 1);
    });
    this.#join();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  #take(socket: Socket): void {
    socket.on("error", () => {});
    if (this.#sockets.length >= WAITING_LIMIT) return void socket.destroy();
    this.#sockets.push(socket);
    this.#join();
  }

  #join(): void {
    while (this.#streams.length > 0 && this.#sockets.length > 0) {
      const stream = this.#streams.shift();
      const socket = this.#sockets.shift();
      if (stream === undefined || socket === undefined) return;
      open(stream, socket);
      socket.resume();
    }
  }
}
