import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { BackendSettings } from "../../resources/stack/gateway/backends/backend-settings.ts";
import { Backends } from "../../resources/stack/gateway/backends/backends.ts";
import { SessionViews } from "../../resources/stack/gateway/backends/session-views.ts";
import type { Session } from "../../resources/stack/gateway/sessions/session.ts";
import { Sessions } from "../../resources/stack/gateway/sessions/sessions.ts";
import { collectGarbage } from "../testing/collect-garbage.ts";
import { type Row, row } from "./row.ts";

/** The rows are for as many. */
const SESSIONS = 100_000;
/** Each of those at a backend costs a handshake. */
const AT_A_BACKEND = 10_000;
const WARM_UP = 1_000;

/** Without any policy. */
const BACKEND: Omit<BackendSettings, "connection"> = {
  ...{ name: "backend", deadlineMs: 10_000, retryBurst: 0, retryShare: undefined, bulkheadLimit: undefined },
  ...{ trustsHints: false, repeatsWrites: false, honoursRetryAfter: false, health: undefined, circuit: undefined },
};

/** What sessions that nobody ends keep of the heap, with the caps lifted, as the gateway begins them. */
export async function abandonedSessions(): Promise<Row[]> {
  const [alone, atBackend] = [await bytesOfEach(SESSIONS, false), await bytesOfEach(AT_A_BACKEND, true)];
  const megabytes = (bytes: number) => (bytes * SESSIONS) / 1e6;
  return [
    row("100,000 abandoned sessions, caps lifted", megabytes(alone), "MB", "<= 30"),
    row("100,000 abandoned sessions, each with its own at a backend", megabytes(atBackend), "MB"),
  ];
}

async function bytesOfEach(count: number, hasState: boolean): Promise<number> {
  const server = await startBackend(hasState);
  const nothing = () => {};
  const backends = new Backends([{ ...BACKEND, connection: server.connection }], {
    log: nothing,
    onChange: nothing,
    onToolsChanged: nothing,
  });
  const views = new SessionViews(backends, "snapshot");
  const unbounded = { ttlMs: Infinity, abandonedAfterMs: Infinity, limit: Infinity };
  const onBegin = (session: Session) => views.begin(session);
  const sessions = new Sessions({ ...unbounded, onBegin, lockTtlMs: 60_000, lockWaitMs: 10_000 });
  const begin = async (number: number) => {
    for (let each = 0; each < number; each++) await sessions.create("2025-11-25")?.ready;
    await collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  try {
    await backends.get(BACKEND.name)?.guarded.about(BACKEND.deadlineMs);
    const before = await begin(WARM_UP);
    return ((await begin(count)) - before) / count;
  } finally {
    sessions.stop();
    backends.close();
    server.stop();
  }
}

/** Answers initialize. @param hasState gives session ids, of which it keeps nothing */
async function startBackend(hasState: boolean) {
  const about = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "backend", version: "1" } };
  const server = createServer(async (request, response) => {
    const { id } = JSON.parse((await request.toArray()).join("") || "{}") as { id?: unknown };
    if (id === undefined) return response.writeHead(202).end();
    const session = hasState ? { "mcp-session-id": randomUUID() } : {};
    response.writeHead(200, { "content-type": "application/json", ...session });
    return response.end(JSON.stringify({ jsonrpc: "2.0", id, result: about }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { connection: { transport: "streamable-http" as const, url, headers: {}, sharesSession: false }, stop };
}
