import { connect } from "node:net";
import { exchange } from "../../health/http-exchange.ts";
import { McpProbe } from "../../health/mcp-probe.ts";

/** What answers on a port, as far as a few harmless requests tell. No tool is called. */
export type Greeting =
  | { speaks: "mcp"; path: string }
  /** MCP, by its address, behind a token that the lab does not have. */
  | { speaks: "mcp, authorised"; path: string }
  /** `path` answered 2xx. */
  | ({ speaks: "http"; path: string } & Late)
  | { speaks: "postgres" }
  /** It accepts connections. */
  | ({ speaks: "tcp" } & Late)
  | { speaks: "nothing" };

interface Late {
  /** A request had no answer in time, so that it may speak more than this. */
  isLate: boolean;
}

/** For one port. A bridge that starts a program for each session takes a second or two for a handshake. */
const LIMIT_MS = 3_000;
const POSTGRES_LIMIT_MS = 500;

const MCP_PATHS = ["/mcp", "/", "/api/mcp", "/sse"];
const HEALTH_PATHS = ["/health", "/healthz", "/api/health", "/"];

/**
 * Asks a port which protocol it speaks: MCP first, then PostgreSQL and HTTP. Takes at most 3 s; never throws.
 * @param accepts whether the service accepts connections, where a connection to the address tells nothing of it
 */
export async function greet(
  address: string,
  signal: AbortSignal,
  accepts: (signal: AbortSignal) => Promise<boolean> = (limit) => acceptsAt(address, limit),
): Promise<Greeting> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  if (!(await accepts(limit))) return { speaks: "nothing" };
  if (await speaksPostgres(address, limit)) return { speaks: "postgres" };
  const [mcp, http] = await Promise.all([
    mcpOn(address, limit),
    Promise.all(HEALTH_PATHS.map((path) => answersAt(address, path, limit))),
  ]);
  const found = mcp.find((each) => each?.speaks === "mcp");
  if (found !== undefined) return found;
  // A server whose every path wants a token says nothing of MCP.
  const [atMcp] = mcp;
  const isEverywhere = mcp.every((each) => each?.speaks === "mcp, authorised");
  if (atMcp?.speaks === "mcp, authorised" && !isEverywhere) return atMcp;
  const path = HEALTH_PATHS.find((_, index) => http[index]);
  const isLate = limit.aborted;
  return path === undefined ? { speaks: "tcp", isLate } : { speaks: "http", path, isLate };
}

/** By path. HTTP+SSE is asked for, by a client with a stream of its own, only where no path speaks Streamable HTTP. */
async function mcpOn(address: string, signal: AbortSignal): Promise<(Greeting | undefined)[]> {
  const newer = await Promise.all(MCP_PATHS.map((path) => mcpAt(address, path, signal)));
  if (signal.aborted || newer.some((each) => each?.speaks === "mcp")) return newer;
  return Promise.all(MCP_PATHS.map(async (path, index) => newer[index] ?? olderMcpAt(address, path, signal)));
}

async function olderMcpAt(address: string, path: string, signal: AbortSignal): Promise<Greeting | undefined> {
  const { openSse } = await import("../../health/sse-session.ts");
  const opened = await openSse({ url: `http://${address}${path}`, headers: {} }, signal).catch(() => undefined);
  if (opened === undefined) return undefined;
  if ("reason" in opened) return { speaks: "mcp, authorised", path };
  await opened.end();
  return { speaks: "mcp", path };
}

async function mcpAt(address: string, path: string, signal: AbortSignal): Promise<Greeting | undefined> {
  const probe = new McpProbe({ url: `http://${address}${path}`, headers: {} }, { triesOlder: false });
  try {
    const { status, reason } = await probe.check(signal);
    if (status === "up") return { speaks: "mcp", path };
    return reason.includes("wants authorization") ? { speaks: "mcp, authorised", path } : undefined;
  } catch {
    return undefined;
  } finally {
    // Also ends the session that it opened.
    await probe.close();
  }
}

async function answersAt(address: string, path: string, signal: AbortSignal): Promise<boolean> {
  const answer = await exchange(`http://${address}${path}`, { method: "GET" }, signal).catch(() => undefined);
  return answer !== undefined && answer.status >= 200 && answer.status < 300;
}

/** The request for TLS that begins a connection to PostgreSQL, which answers it with one letter. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

async function speaksPostgres(address: string, signal: AbortSignal): Promise<boolean> {
  return withSocket(address, AbortSignal.any([signal, AbortSignal.timeout(POSTGRES_LIMIT_MS)]), (socket, resolve) => {
    socket.once("data", (data) => resolve(data.length === 1 && (data[0] === 83 || data[0] === 78)));
    socket.write(SSL_REQUEST);
  });
}

async function acceptsAt(address: string, signal: AbortSignal): Promise<boolean> {
  return withSocket(address, signal, (_socket, resolve) => resolve(true));
}

function withSocket(
  address: string,
  signal: AbortSignal,
  use: (socket: ReturnType<typeof connect>, resolve: (is: boolean) => void) => void,
): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)), signal });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once("error", () => resolve(false)).once("close", () => resolve(false));
  socket.once("connect", () => use(socket, resolve));
  return promise.finally(() => socket.destroy());
}
