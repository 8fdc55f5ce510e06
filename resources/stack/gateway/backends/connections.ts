/**
 * Kept-alive connections to one backend. node:http's client would do the same with about twice the work a request, which
 * is most of what the gateway adds to a call.
 */
import net from "node:net";
import tls from "node:tls";

// Below the 5 s after which a Node server closes an idle connection, so as not to send into a closing one.
const idleLimitMs = 4_000;
const sweepEveryMs = 1_000;
const connectionsLimit = 256;

/** Who uses a connection at the moment. */
export interface ConnectionUser {
  onData(bytes: Buffer): void;
  /** The peer ended its side. */
  onEnd(): void;
  /** The connection is gone. Without an error it was closed in order. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

export interface Connection {
  write(text: string): void;
  /** For the next request. */
  giveBack(): void;
  destroy(): void;
}

export interface Address {
  secure: boolean;
  host: string;
  port: number;
}

interface Line {
  socket: net.Socket;
  user: ConnectionUser | undefined;
  error: NodeJS.ErrnoException | undefined;
  idleSinceMs: number;
  connection: Connection;
}

export class Connections {
  readonly #address: Address;
  readonly #open = new Set<Line>();
  /** The most recently used is taken first. */
  readonly #idle: Line[] = [];
  readonly #waiting: { user: ConnectionUser; take: (connection: Connection) => void }[] = [];
  #sweep: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Calls `take` with a connection, at once unless all that may be open are in use. Returns a way to lose interest. Once
   * closed, the user's connection is gone before it is there.
   */
  request(user: ConnectionUser, take: (connection: Connection) => void): () => void {
    if (this.#isClosed) {
      user.onClose(undefined);
      return () => {};
    }
    const line = this.#takeIdle() ?? (this.#open.size < connectionsLimit ? this.#connect() : undefined);
    if (line) {
      line.user = user;
      take(line.connection);
      return () => {};
    }
    const entry = { user, take };
    this.#waiting.push(entry);
    return () => {
      const place = this.#waiting.indexOf(entry);
      if (place >= 0) this.#waiting.splice(place, 1);
    };
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#sweep);
    for (const line of this.#open) line.socket.destroy();
    for (const { user } of this.#waiting.splice(0)) user.onClose(undefined);
  }

  #takeIdle(): Line | undefined {
    const now = performance.now();
    for (let line = this.#idle.pop(); line; line = this.#idle.pop()) {
      if (!line.socket.destroyed && now - line.idleSinceMs < idleLimitMs) return line;
      line.socket.destroy();
    }
    return undefined;
  }

  #connect(): Line {
    const { secure, host, port } = this.#address;
    const options = { host, port, noDelay: true, keepAlive: true };
    const serverName = net.isIP(host) ? {} : { servername: host };
    const socket = secure
      ? tls.connect({ ...options, ...serverName, ALPNProtocols: ["http/1.1"] })
      : net.connect(options);
    const line: Line = {
      socket,
      user: undefined,
      error: undefined,
      idleSinceMs: 0,
      connection: {
        write: (text) => void socket.write(text),
        giveBack: () => this.#giveBack(line),
        destroy: () => void socket.destroy(),
      },
    };
    this.#open.add(line);
    socket.on("data", (bytes) => {
      // Nobody asked for this: whatever it is, the next response could not be told from it.
      if (line.user) line.user.onData(bytes);
      else socket.destroy();
    });
    socket.on("end", () => (line.user ? line.user.onEnd() : socket.destroy()));
    socket.on("error", (error) => {
      line.error = error;
    });
    socket.on("close", () => this.#closed(line));
    return line;
  }

  #giveBack(line: Line): void {
    line.user = undefined;
    const next = this.#waiting.shift();
    if (next) {
      line.user = next.user;
      next.take(line.connection);
      return;
    }
    line.idleSinceMs = performance.now();
    this.#idle.push(line);
    this.#sweep ??= setInterval(() => this.#closeIdle(), sweepEveryMs).unref();
  }

  #closed(line: Line): void {
    this.#open.delete(line);
    const place = this.#idle.indexOf(line);
    if (place >= 0) this.#idle.splice(place, 1);
    const { user, error } = line;
    line.user = undefined;
    user?.onClose(error);
    const next = this.#open.size < connectionsLimit ? this.#waiting.shift() : undefined;
    if (next) this.request(next.user, next.take);
  }

  #closeIdle(): void {
    const oldestMs = performance.now() - idleLimitMs;
    for (const line of [...this.#idle]) if (line.idleSinceMs < oldestMs) line.socket.destroy();
    if (this.#open.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
