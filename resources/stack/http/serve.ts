/**
 * An HTTP service on node:http: Host and Origin checks, named errors instead of stack traces, and a stop that completes
 * pending requests, ends streams and never takes longer than its grace period.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { refusalOf } from "./guard.ts";
import { HttpError, sendJson } from "./messages.ts";
import { reportWork } from "./work.ts";

export {
  bodyLimitBytes,
  HttpError,
  pathOf,
  readBody,
  readJsonObject,
  sendJson,
  sendNothing,
} from "./messages.ts";

export interface ServeOptions {
  name: string;
  host: string;
  /** 0 selects a free port. */
  port: number;
  /** The path of a socket to listen on in the place of `host` and `port`; every user of the machine may use it. */
  socket?: string | undefined;
  allowedHosts: readonly string[];
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
  /** Ends streams and held calls, which keep connections open. Called at the start of a stop. */
  onStop?: () => Promise<void> | void;
  /** Limit for pending requests after a stop has started. */
  graceMs?: number;
}

export interface RunningService {
  name: string;
  server: Server;
  port: number;
  /** `http://host:port`, without a trailing slash; the path of its socket where it has one. */
  url: string;
  /** Idempotent. Resolves once every connection is closed. */
  stop: () => Promise<void>;
}

/** The service cannot start with its configuration, for example because its port is in use. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export async function serve(options: ServeOptions): Promise<RunningService> {
  const server = createServer((request, response) => void answer(options, request, response));
  await listen(server, options);
  const forget = reportWork(workOf(server));
  const { port } = options.socket === undefined ? (server.address() as AddressInfo) : { port: 0 };
  let stopping: Promise<void> | undefined;
  return {
    name: options.name,
    server,
    port,
    url: options.socket ?? `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    stop: () => (stopping ??= stop(server, options).finally(forget)),
  };
}

function workOf(server: Server) {
  let [connections, openRequests] = [0, 0];
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  server.on("request", (_request, response: ServerResponse) => {
    openRequests += 1;
    response.once("close", () => {
      openRequests -= 1;
    });
  });
  return {
    get openRequests() {
      return openRequests;
    },
    get idleSockets() {
      return connections - openRequests;
    },
  };
}

async function answer(options: ServeOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A peer that disconnects mid-request is expected; handlers that need to know listen for "close".
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const refusal = refusalOf(request.headers, options.allowedHosts);
    if (refusal) throw new HttpError(403, refusal);
    await options.handle(request, response);
  } catch (error) {
    if (response.destroyed || request.socket.destroyed) return;
    if (response.headersSent) {
      response.destroy();
    } else if (error instanceof HttpError) {
      sendJson(response, error.status, { error: error.message }, error.headers);
    } else {
      sendJson(response, 500, { error: "The service failed to answer; its log has the cause." });
    }
    if (!(error instanceof HttpError)) {
      console.error(`${options.name}: ${request.method} ${request.url} failed: ${describe(error)}`);
    }
    // Drain what the handler left unread, or the peer could miss the response.
    request.resume();
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken by another program. Stop that program, or set PORT to a free port",
  EACCES: "this user may not listen on that port. Set PORT to one above 1023",
  EADDRNOTAVAIL: "this machine has no such address. Set HOST to one of its own, 127.0.0.1 for instance",
  ENOTFOUND: "the host name does not resolve. Set HOST to an address of this machine, 127.0.0.1 for instance",
};

/** Converts a listen error to `cannot listen on host:port: cause. Next step.` */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): StartError {
  const reason = listenProblems[cause.code ?? ""] ?? cause.message;
  return new StartError(`cannot listen on ${host}:${port}: ${reason}.`, { cause });
}

function listen(server: Server, { name, host, port, socket }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError(host, port, error)));
    server.listen(
      socket === undefined ? { host, port } : { path: socket, readableAll: true, writableAll: true },
      () => {
        server.removeAllListeners("error");
        server.on("error", (error) => console.error(`${name}: ${error.message}`));
        resolve();
      },
    );
  });
}

async function stop(server: Server, { name, onStop, graceMs = 2_000 }: ServeOptions): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Set before onStop, so that connections close after the grace period even if onStop hangs.
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  try {
    await Promise.race([Promise.resolve(onStop?.()), closed]);
  } catch (error) {
    console.error(`${name}: error while stopping: ${describe(error)}`);
  }
  await closed;
  clearTimeout(force);
  clearInterval(idle);
}
