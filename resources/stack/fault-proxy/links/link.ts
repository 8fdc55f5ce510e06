/**
 * A named listener with an upstream address, or several: a proxy in Toxiproxy's terms. Each connection dials the upstream after its
 * client was accepted; if that fails the client is closed with a FIN, as in Toxiproxy, so that a dead upstream has the same
 * effect through either.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { formatAddress, parseAddress } from "../address.ts";
import type { Hit } from "../hits.ts";
import { SessionRegistry } from "../http-faults/session-registry.ts";
import { limits } from "../limits.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { RecordLog } from "../record-log.ts";
import { Toxic, type ToxicSpec } from "../toxics/toxic.ts";
import type { WireTap } from "../wire/wire-tap.ts";
import { closeCleanly } from "./close-socket.ts";
import { Connection } from "./connection.ts";
import type { HeldBytes } from "./lane.ts";
import type { LinkContext } from "./link-context.ts";
import { ListenError, parseListen } from "./listen-address.ts";
import { Traffic } from "./traffic.ts";

export interface LinkParts {
  seed: number;
  hits: RecordLog<Hit>;
  wire: WireTap;
  held: HeldBytes;
  /** A counter of events over all links, which orders toxics and sessions. */
  nextEvent: () => number;
}

/** An address that a link listens on, and where what it accepts there is sent. */
export interface Route {
  listen: string;
  upstream: string;
}

export class Link implements LinkContext {
  readonly name: string;
  listen: string;
  upstream: string;
  /** Further addresses, each with an upstream of its own: a callee with several addresses is one link. */
  readonly also: readonly Route[];
  /** When a link that is down temporarily reopens, in milliseconds since the epoch. */
  backAt: number | undefined;
  readonly sessions = new SessionRegistry();
  readonly held: HeldBytes;
  readonly wire: WireTap;
  readonly traffic = new Traffic();
  readonly #parts: LinkParts;
  readonly #connections = new Set<Connection>();
  readonly #dialling = new Set<Socket>();
  #toxics: readonly Toxic[] = [];
  #httpToxics: readonly Toxic[] = [];
  #servers: readonly Server[] = [];
  #accepted = 0;

  constructor(parts: LinkParts, name: string, { listen, upstream }: Route, also: readonly Route[] = []) {
    this.#parts = parts;
    this.held = parts.held;
    this.wire = parts.wire;
    this.name = name;
    this.listen = listen;
    this.upstream = upstream;
    this.also = also.map((route) => ({ ...route }));
  }

  get isEnabled(): boolean {
    return this.#servers.length > 0;
  }

  get accepted(): number {
    return this.#accepted;
  }

  connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Both of each connection whose ends are both open: they are what the link's callers and callee have open. */
  get idleSockets(): number {
    let sockets = 0;
    for (const { client, server } of this.#connections) {
      if (client.readable && client.writable && server.readable && server.writable) sockets += 2;
    }
    return sockets;
  }

  toxics(): readonly Toxic[] {
    return this.#toxics;
  }

  httpToxics(): readonly Toxic[] {
    return this.#httpToxics;
  }

  isArmed(toxic: Toxic): boolean {
    return this.#toxics.includes(toxic);
  }

  /** Opens the listeners, all or none. Throws ListenError. */
  async enable(): Promise<void> {
    if (this.isEnabled) return;
    const opened: Server[] = [];
    try {
      for (const route of [this, ...this.also]) opened.push(await this.#open(route));
    } catch (error) {
      for (const server of opened) server.close();
      throw error;
    }
    this.#servers = opened;
  }

  async #open(route: Route): Promise<Server> {
    const address = parseListen(route.listen);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) =>
      this.#accept(client, route.upstream),
    );
    server.maxConnections = limits.connectionsPerLink;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(new ListenError(listenMessage(route.listen, error))));
      server.listen({ port: address.port, ...(address.host !== undefined && { host: address.host }) }, () => {
        server.removeAllListeners("error");
        server.on("error", (error) => console.error(`link ${this.name}: ${error.message}`));
        resolve();
      });
    });
    const bound = server.address();
    if (bound && typeof bound === "object") route.listen = formatAddress({ host: bound.address, port: bound.port });
    return server;
  }

  /** Closes the listeners and every live connection. */
  async disable(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    const closed = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#dialling) socket.destroy();
    await closed;
  }

  addToxic(spec: ToxicSpec): Toxic {
    const toxic = new Toxic(spec, this.name, this.#parts.seed, this.#parts.nextEvent());
    this.#setToxics([...this.#toxics, toxic]);
    for (const connection of this.#connections) connection.toxicAdded(toxic);
    return toxic;
  }

  toxicUpdated(toxic: Toxic): void {
    for (const connection of this.#connections) connection.toxicUpdated(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#setToxics(this.#toxics.filter((other) => other !== toxic));
    for (const connection of this.#connections) connection.toxicRemoved(toxic);
  }

  hit(toxic: Toxic, connection: number, effect: string, request: RequestInfo | undefined): void {
    toxic.hits += 1;
    this.#parts.hits.record({
      at: Date.now(),
      link: this.name,
      toxic: toxic.name,
      type: toxic.type,
      connection,
      ...request?.attribution(),
      effect,
    });
  }

  nextEvent(): number {
    return this.#parts.nextEvent();
  }

  #setToxics(toxics: readonly Toxic[]): void {
    this.#toxics = toxics;
    this.#httpToxics = toxics.filter((toxic) => toxic.isHttp);
  }

  #closed(connection: Connection): void {
    if (this.#connections.delete(connection)) this.traffic.add(connection.client, connection.server);
  }

  #accept(client: Socket, upstream: string): void {
    this.#accepted += 1;
    const number = this.#accepted;
    const server = this.#dial(upstream);
    const forget = (): void => {
      this.#dialling.delete(client);
      this.#dialling.delete(server);
    };
    this.#dialling.add(client).add(server);
    const giveUp = (): void => {
      forget();
      server.destroy();
      closeCleanly(client);
    };
    const clientFailed = (): void => void server.destroy();
    client.once("error", clientFailed);
    server.once("close", forget);
    server.once("error", giveUp);
    server.once("timeout", giveUp);
    server.once("connect", () => {
      forget();
      client.removeListener("error", clientFailed);
      server.removeListener("error", giveUp);
      server.removeListener("timeout", giveUp);
      server.setTimeout(0);
      if (client.destroyed || !this.isEnabled) {
        client.destroy();
        server.destroy();
        return;
      }
      const connection = new Connection(this, number, client, server);
      this.#connections.add(connection);
      connection.start(() => this.#closed(connection));
    });
  }

  #dial(upstream: string): Socket {
    let target: { host: string; port: number };
    try {
      const { host, port } = parseAddress(upstream);
      target = { host: host ?? "127.0.0.1", port };
    } catch {
      // An invalid upstream address behaves like an unreachable one: port 0 refuses connections.
      target = { host: "127.0.0.1", port: 0 };
    }
    const socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    socket.setTimeout(limits.dialMs);
    return socket;
  }
}

const bindProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "bind: address already in use",
  EACCES: "bind: permission denied",
  EADDRNOTAVAIL: "bind: cannot assign requested address",
};

function listenMessage(listen: string, error: NodeJS.ErrnoException): string {
  if (error.code === "ENOTFOUND" || error.code === "EAI_AGAIN") {
    return `listen tcp: lookup ${listen.slice(0, listen.lastIndexOf(":"))}: no such host`;
  }
  return `listen tcp ${listen}: ${bindProblems[error.code ?? ""] ?? error.message}`;
}
