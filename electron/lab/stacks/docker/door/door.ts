import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import type Dockerode from "dockerode";
import { LabError } from "../../../lab-error.ts";
import { endContainer } from "../end-container.ts";
import { type RunningDoor, startDoor } from "./door-container.ts";
import type { DoorSession, DoorTarget } from "./door-session.ts";

/** An engine that has refused a door is not asked again for each connection. */
const REFUSED_FOR_MS = 5_000;

/**
 * The way to addresses of an engine's network that this machine does not reach, and from there to this process. Its
 * container exists from the first use of it until {@link close}, or until this process ends.
 */
export class Door {
  readonly #docker: Dockerode;
  readonly #stackId: string;
  readonly #forwards = new Map<string, Promise<Server>>();
  readonly #addresses = new Map<string, string>();
  readonly #sockets = new Set<Socket>();
  #running: Promise<RunningDoor> | undefined;
  #isClosed = false;

  /** @param stackId the stack's id in the journal, by which its container is labelled */
  constructor(docker: Dockerode, stackId: string) {
    this.#docker = docker;
    this.#stackId = stackId;
  }

  /** A connection to an address. @throws LabError with the reason */
  async dial(target: DoorTarget): Promise<Duplex> {
    return (await this.#open()).dial(target);
  }

  /**
   * `127.0.0.1:PORT`, where connections are forwarded to a target from now on; the same for the same name. One that the
   * target refuses is reset.
   * @param target asked at each connection; undefined while there is none
   * @throws LabError with the reason when the engine starts no door
   */
  async forward(name: string, target: () => DoorTarget | undefined): Promise<string> {
    const listening = this.#forwards.get(name) ?? this.#listen(target);
    this.#forwards.set(name, listening);
    await this.#open();
    const { port } = (await listening).address() as AddressInfo;
    const address = `127.0.0.1:${port}`;
    this.#addresses.set(name, address);
    return address;
  }

  /** What {@link forward} has resolved to for a name. */
  forwarded(name: string): string | undefined {
    return this.#addresses.get(name);
  }

  /**
   * Has containers reach this process: listens on an address in the engine's network, such as the gateway's of one of a
   * project's networks, and hands over each connection to it. Resolves to the port; ends with the door.
   * @param address port 0 selects a free one
   * @throws LabError with the reason when the door cannot listen there
   */
  async listen(address: DoorTarget, take: (connection: Duplex) => void): Promise<number> {
    const session = await this.#open();
    const port = await session.listen(address);
    const acceptAll = async (): Promise<void> => {
      for (;;) take(await session.accept({ ...address, port }));
    };
    // Its end is the door's.
    acceptAll().catch(() => {});
    return port;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const running = await this.#running?.catch(() => undefined);
    running?.session.close();
    const servers = await Promise.all(this.#forwards.values());
    for (const socket of this.#sockets) socket.destroy();
    for (const server of servers) server.close();
    if (running !== undefined) await endContainer(running.container);
  }

  async #open(): Promise<DoorSession> {
    if (this.#isClosed) throw new LabError("internal", "the lab's door is closed");
    this.#running ??= this.#start();
    return (await this.#running).session;
  }

  #start(): Promise<RunningDoor> {
    const starting = startDoor(this.#docker, this.#stackId);
    const forget = () => {
      if (this.#running === starting) this.#running = undefined;
    };
    starting.then(
      ({ session }) => session.ended.then(forget),
      () => setTimeout(forget, REFUSED_FOR_MS).unref(),
    );
    return starting;
  }

  async #listen(target: () => DoorTarget | undefined): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
      void this.#join(socket, target());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  async #join(socket: Socket, target: DoorTarget | undefined): Promise<void> {
    try {
      if (target === undefined) throw new LabError("unreachable", "it has no address now");
      const connection = await this.dial(target);
      pipeline(socket, connection, socket, (error) => error && socket.resetAndDestroy());
    } catch {
      socket.resetAndDestroy();
    }
  }
}
