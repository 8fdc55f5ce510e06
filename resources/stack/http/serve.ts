/**
 * A small HTTP service on node:http: guarded, named errors instead of stack traces, and a stop that answers what is
 * under way, ends streams and never takes longer than its grace.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { refusalOf } from "./guard.ts";
import { HttpError, sendJson } from "./messages.ts";

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
  /** 0 takes a free port. */
  port: number;
  allowedHosts: readonly string[];
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
  /** Ends what would keep connections open (streams, held calls). Called at the start of a stop. */
  onStop?: () => Promise<void> | void;
  /** How long requests under way may take once a stop has begun. */
  graceMs?: number;
}

export interface RunningService {
  name: string;
  server: Server;
  port: number;
  /** `http://host:port`, without a slash at the end. */
  url: string;
  /** Idempotent. Resolves when every connection is closed. */
  stop: () => Promise<void>;
}

/** The service cannot start as it is configured, a taken port for instance. */
export class StartError extends Error {
  override readonly name = "StartError";
}

export async function serve(options: ServeOptions): Promise<RunningService> {
  const server = createServer((request, response) => void answer(options, request, response));
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let stopping: Promise<void> | undefined;
  return {
    name: options.name,
    server,
    port,
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    stop: () => (stopping ??= stop(server, options)),
  };
}

async function answer(options: ServeOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A peer that goes away mid-request is ordinary here; handlers that care listen for "close".
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
    // What the handler left unread must be drained, or the peer could miss the answer.
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

/** `cannot listen on host:port: why. What to do.` for the error that listening ended in. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): StartError {
  const reason = listenProblems[cause.code ?? ""] ?? cause.message;
  return new StartError(`cannot listen on ${host}:${port}: ${reason}.`, { cause });
}

function listen(server: Server, { name, host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(listenError(host, port, error)));
    server.listen({ host, port }, () => {
      server.removeAllListeners("error");
      server.on("error", (error) => console.error(`${name}: ${error.message}`));
      resolve();
    });
  });
}

async function stop(server: Server, { name, onStop, graceMs = 2_000 }: ServeOptions): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Set before onStop: whatever that waits for, the connections go when the grace is over.
  const force = setTimeout(() => server.closeAllConnections(), graceMs);
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  try {
    await Promise.race([Promise.resolve(onStop?.()), closed]);
  } catch (error) {
    console.error(`${name}: stopping met a problem: ${describe(error)}`);
  }
  await closed;
  clearTimeout(force);
  clearInterval(idle);
}
