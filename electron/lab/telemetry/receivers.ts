import type { Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { GrpcReceiver } from "./grpc-receiver.ts";
import { makeHttpReceiver } from "./http-receiver.ts";
import type { Intake } from "./intake.ts";
import { isRefusedAddress, listenOn } from "./listen.ts";

const LOOPBACK = "127.0.0.1";

export interface OtlpPorts {
  http: number;
  grpc: number;
}

/** The listeners of one address. */
interface Listeners {
  http: HttpServer;
  grpc: Server;
}

/** Receives OTLP over HTTP and over gRPC: on loopback, and at further addresses of this machine that containers reach. */
export class Receivers {
  readonly ports: OtlpPorts;
  readonly #intake: Intake;
  readonly #token: string | undefined;
  readonly #grpc: LazyGrpc;
  readonly #listeners = new Map<string, Promise<Listeners>>();

  /**
   * @param choices ports to try in this order, 0 for a free one; the first of which both can be listened on is taken
   * @throws LabError when none can
   */
  static async listen(
    intake: Intake,
    { token, choices }: { token: string | undefined; choices: readonly OtlpPorts[] },
  ): Promise<Receivers> {
    const grpc = new LazyGrpc(intake, token);
    let failure: unknown;
    for (const ports of choices) {
      try {
        const listeners = await listenOnBoth(LOOPBACK, ports, intake, token, grpc);
        return new Receivers(intake, token, grpc, listeners);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private constructor(intake: Intake, token: string | undefined, grpc: LazyGrpc, listeners: Listeners) {
    this.#intake = intake;
    this.#token = token;
    this.#grpc = grpc;
    this.ports = { http: portOf(listeners.http), grpc: portOf(listeners.grpc) };
    this.#listeners.set(LOOPBACK, Promise.resolve(listeners));
  }

  /**
   * Listens on the same ports of another address of this machine, such as the gateway of a container network. Resolves to
   * false when this machine has no such address, or the ports are taken there. May be called again.
   */
  async alsoAt(address: string): Promise<boolean> {
    const known = this.#listeners.get(address);
    const listening = known ?? listenOnBoth(address, this.ports, this.#intake, this.#token, this.#grpc);
    this.#listeners.set(address, listening);
    try {
      await listening;
      return true;
    } catch (error) {
      this.#listeners.delete(address);
      if (isRefusedAddress(error)) return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    const settled = await Promise.allSettled(this.#listeners.values());
    const listeners = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const closed = listeners.flatMap(({ http, grpc }) => [closing(http), closing(grpc)]);
    for (const { http } of listeners) http.closeAllConnections();
    await this.#grpc.close();
    await Promise.all(closed);
  }
}

function closing(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** One listener for HTTP and one for gRPC, or neither. */
async function listenOnBoth(
  address: string,
  ports: OtlpPorts,
  intake: Intake,
  token: string | undefined,
  lazy: LazyGrpc,
): Promise<Listeners> {
  const http = makeHttpReceiver(intake, token);
  await listenOn(http, address, ports.http);
  const grpc = createServer((socket) => void lazy.serve(socket));
  try {
    await listenOn(grpc, address, ports.grpc);
    return { http, grpc };
  } catch (error) {
    http.close();
    throw error;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Loads gRPC at the first connection: most labs never get one, and it takes a tenth of a second. */
class LazyGrpc {
  readonly #sockets = new Set<Socket>();
  readonly #intake: Intake;
  readonly #token: string | undefined;
  #receiver: Promise<GrpcReceiver> | undefined;

  constructor(intake: Intake, token: string | undefined) {
    this.#intake = intake;
    this.#token = token;
  }

  async serve(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    try {
      this.#receiver ??= this.#load();
      (await this.#receiver).serve(socket);
    } catch {
      socket.destroy();
    }
  }

  async #load(): Promise<GrpcReceiver> {
    const { makeGrpcReceiver } = await import("./grpc-receiver.ts");
    return makeGrpcReceiver(this.#intake, this.#token);
  }

  async close(): Promise<void> {
    const receiver = await this.#receiver?.catch(() => undefined);
    receiver?.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
