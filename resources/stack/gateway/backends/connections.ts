/**
 * Keep-alive connections to one backend. node:http's client does the same at about twice the cost per request, which is
 * most of the latency that the gateway adds to a call.
 */
import net from "node:net";
import tls from "node:tls";
import { reportWork } from "../../http/work.ts";

// Below the 5 s after which a Node server closes an idle connection, to avoid sending on a closing one.
const idleLimitMs = 4_000;
const sweepEveryMs = 1_000;
const connectionsLimit = 256;

/** The current user of a connection. */
export interface ConnectionUser {
  onData(bytes: Buffer): void;
  /** The peer ended its side. */
  onEnd(): void;
  /** The connection is closed; cleanly, if there is no error. */
  onClose(error: NodeJS.ErrnoException | undefined): void;
}

export interface Connection {
  write(text: string): void;
  /** Returns it to the pool for the next request. */
  release(): void;
  destroy(): void;
}

export interface Address {
  secure: boolean;
  host: string;
  port: number;
}

interface PooledConnection {
  socket: net.Socket;
  user: ConnectionUser | undefined;
  error: NodeJS.ErrnoException | undefined;
  idleSinceMs: number;
  connection: Connection;
}

export class Connections {
  readonly #address: Address;
  readonly #open = new Set<PooledConnection>();
  /** Used last in, first out. */
  readonly #idle: PooledConnection[] = [];
  readonly #waiting: { user: ConnectionUser; take: (connection: Connection) => void }[] = [];
  #sweep: NodeJS.Timeout | undefined;
  readonly #stopReporting: () => void;
  #isClosed = false;

  constructor(address: Address) {
    this.#address = address;
    const idle = this.#idle;
    this.#stopReporting = reportWork({
      get idleSockets() {
        return idle.length;
      },
    });
  }

  /**
   * Calls `take` with a connection, immediately unless the maximum number is in use. Returns a function that cancels the
   * wait. After `close`, calls the user's onClose instead.
   */
  request(user: ConnectionUser, take: (connection: Connection) => void): () => void {
    if (this.#isClosed) {
      user.onClose(undefined);
      return () => {};
    }
    const pooled = this.#takeIdle() ?? (this.#open.size < connectionsLimit ? this.#connect() : undefined);
    if (pooled) {
      pooled.user = user;
      take(pooled.connection);
      return () => {};
    }
    const entry = { user, take };
    this.#waiting.push(entry);
    return () => {
      const index = this.#waiting.indexOf(entry);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  /** Closes all connections permanently. */
  close(): void {
    this.#isClosed = true;
    this.#stopReporting();
    clearInterval(this.#sweep);
    for (const pooled of this.#open) pooled.socket.destroy();
    for (const { user } of this.#waiting.splice(0)) user.onClose(undefined);
  }

  #takeIdle(): PooledConnection | undefined {
    const now = performance.now();
    for (let pooled = this.#idle.pop(); pooled; pooled = this.#idle.pop()) {
      if (!pooled.socket.destroyed && now - pooled.idleSinceMs < idleLimitMs) return pooled;
      pooled.socket.destroy();
    }
    return undefined;
  }

  #connect(): PooledConnection {
    const { secure, host, port } = this.#address;
    const options = { host, port, noDelay: true, keepAlive: true };
    const serverName = net.isIP(host) ? {} : { servername: host };
    const socket = secure
      ? tls.connect({ ...options, ...serverName, ALPNProtocols: ["http/1.1"] })
      : net.connect(options);
    const pooled: PooledConnection = {
      socket,
      user: undefined,
      error: undefined,
      idleSinceMs: 0,
      connection: {
        write: (text) => void socket.write(text),
        release: () => this.#release(pooled),
        destroy: () => void socket.destroy(),
      },
    };
    this.#open.add(pooled);
    socket.on("data", (bytes) => {
      // Data without a request: the next response could not be distinguished from it.
      if (pooled.user) pooled.user.onData(bytes);
      else socket.destroy();
    });
    socket.on("end", () => (pooled.user ? pooled.user.onEnd() : socket.destroy()));
    socket.on("error", (error) => {
      pooled.error = error;
    });
    socket.on("close", () => this.#closed(pooled));
    return pooled;
  }

  #release(pooled: PooledConnection): void {
    pooled.user = undefined;
    const next = this.#waiting.shift();
    if (next) {
      pooled.user = next.user;
      next.take(pooled.connection);
      return;
    }
    pooled.idleSinceMs = performance.now();
    this.#idle.push(pooled);
    this.#sweep ??= setInterval(() => this.#closeIdle(), sweepEveryMs).unref();
  }

  #closed(pooled: PooledConnection): void {
    this.#open.delete(pooled);
    const index = this.#idle.indexOf(pooled);
    if (index >= 0) this.#idle.splice(index, 1);
    const { user, error } = pooled;
    pooled.user = undefined;
    user?.onClose(error);
    const next = this.#open.size < connectionsLimit ? this.#waiting.shift() : undefined;
    if (next) this.request(next.user, next.take);
  }

  #closeIdle(): void {
    const oldestMs = performance.now() - idleLimitMs;
    for (const pooled of [...this.#idle]) if (pooled.idleSinceMs < oldestMs) pooled.socket.destroy();
    if (this.#open.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }
}
