import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackendSettings } from "../../resources/stack/gateway/backends/backend-settings.ts";
import { Backends } from "../../resources/stack/gateway/backends/backends.ts";
import { SessionViews } from "../../resources/stack/gateway/backends/session-views.ts";
import { ToolSearch } from "../../resources/stack/gateway/optimizer/tool-search.ts";
import type { Session } from "../../resources/stack/gateway/sessions/session.ts";
import { Sessions } from "../../resources/stack/gateway/sessions/sessions.ts";
import { killServices, startService } from "../../resources/stack/http/service-process.ts";
import type { RunningStack } from "../lab/stacks/running-stack.ts";
import { collectGarbage } from "../testing/collect-garbage.ts";
import { arm, message } from "./gateway-hop.ts";
import { median, quantile, type Row, row } from "./row.ts";

const PAIRS = 7;
const SEARCHES = 300;
const ABANDONED = 100_000;
const WARM_UP_SESSIONS = 1_000;
const STACK = join(import.meta.dirname, "..", "..", "resources", "stack");
const CUT_TOOL = "list_tickets";
/** Without any policy. */
const PLAIN_BACKEND: Omit<BackendSettings, "connection"> = {
  ...{ name: "backend", deadlineMs: 10_000, retryBurst: 0, retryShare: undefined, bulkheadLimit: undefined },
  ...{ trustsHints: false, repeatsWrites: false, honoursRetryAfter: false, health: undefined, circuit: undefined },
};
const DENIED = {
  text: message("tools/call", { name: "delete_customer", arguments: { customer_id: "cus_1" } }),
  expected: "denied by policy",
};

/** What a gateway costs where it calls no backend, or bounds what it keeps. */
export async function benchGatewayBounds(running: RunningStack): Promise<Row[]> {
  return [
    await deniedAgainstDirect(running),
    await cutAgainstDirect(running),
    await listOfManyBackends(),
    await searchOfManyTools(),
    await abandonedSessions({ count: ABANDONED, isAtBackend: false }),
    await abandonedSessions({ count: ABANDONED / 10, isAtBackend: true }),
  ];
}

async function deniedAgainstDirect(running: RunningStack): Promise<Row> {
  const [direct, hop] = ["payments-mcp", "gateway"].map((name) => `http://${running.address(name)}/mcp`) as [
    string,
    string,
  ];
  const ratios: number[] = [];
  await arm(direct, 1);
  await arm(hop, 1, DENIED);
  for (let pair = 0; pair < PAIRS; pair++) {
    ratios.push((await arm(hop, 1, DENIED)).p50Ms / (await arm(direct, 1)).p50Ms);
  }
  return row("denied call, p50 against a direct call", median(ratios), "ratio", "<= 1");
}

/** Calls to a backend whose circuit is open, because nothing listens there. */
async function cutAgainstDirect(running: RunningStack): Promise<Row> {
  const direct = `http://${running.address("payments-mcp")}/mcp`;
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-circuit-"));
  const lister = await startLister([{ ...tools(1)[0], name: CUT_TOOL }]);
  try {
    const { url } = startService(join(STACK, "build", "gateway.mjs"), {
      PORT: "0",
      BACKENDS: `cut=http://127.0.0.1:${portOf(lister)}/mcp`,
      POLICY_FILE: join(STACK, "policy.yaml"),
      AUDIT_FILE: join(folder, "audit.jsonl"),
      AUDIT_SPOOL_FOLDER: join(folder, "spool"),
      // Calls of its turns are to be refused by the circuit alone.
      PROTECTIONS_OFF: "budget,health-monitor",
      CIRCUIT_MINIMUM_CALLS: "1",
      CIRCUIT_TIMEOUT: "60m",
    });
    const gateway = `${await url()}/mcp`;
    await arm(gateway, 1, { text: message("tools/list", {}), expected: CUT_TOOL });
    lister.closeAllConnections();
    await new Promise((closed) => lister.close(closed));
    const call = message("tools/call", { name: CUT_TOOL, arguments: {} });
    await arm(gateway, 1, { text: call, expected: "upstream error" });
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const cut = await arm(gateway, 1, { text: call, expected: "circuit breaker open" });
      ratios.push(cut.p50Ms / (await arm(direct, 1)).p50Ms);
    }
    return row("call to a backend whose circuit is open, p50 against a direct call", median(ratios), "ratio", "<= 1");
  } finally {
    await killServices();
    lister.closeAllConnections();
    lister.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const tools = (count: number, name = "tool") =>
  Array.from({ length: count }, (_, index) => ({
    name: `${name}_${index}`,
    description: `Does the work number ${index} for invoices, customers and refunds of ${name}.`,
    inputSchema: { type: "object", properties: { id: { type: "string" }, limit: { type: "integer" } } },
  }));

/** 20 backends with 50 tools each, which the gateway asks again for each list. */
async function listOfManyBackends(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-lists-"));
  const servers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => startLister(tools(50, `backend${index}`))),
  );
  try {
    const { url } = startService(join(STACK, "build", "gateway.mjs"), {
      PORT: "0",
      BACKENDS: servers.map((server, index) => `b${index}=http://127.0.0.1:${portOf(server)}/mcp`).join(","),
      POLICY_FILE: join(STACK, "policy.yaml"),
      AUDIT_FILE: join(folder, "audit.jsonl"),
      AUDIT_SPOOL_FOLDER: join(folder, "spool"),
    });
    const list = { text: message("tools/list", {}), expected: "backend19_49" };
    const gateway = `${await url()}/mcp`;
    await arm(gateway, 1, list);
    return row("tools/list of 20 backends with 50 tools each, p50", (await arm(gateway, 1, list)).p50Ms, "ms", "<= 3");
  } finally {
    await killServices();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The smallest MCP server that lists tools. @param hasSessions gives session ids, and keeps nothing of them */
async function startLister(listed: readonly unknown[], hasSessions = false): Promise<Server> {
  const about = {
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "lister", version: "1" },
  };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { id, method } = JSON.parse(body || "{}") as { id?: unknown; method?: string };
    if (id === undefined) return response.writeHead(request.method === "POST" ? 202 : 405).end();
    const result = method === "initialize" ? about : { tools: listed };
    const text = JSON.stringify({ jsonrpc: "2.0", id, result });
    const session = hasSessions && method === "initialize" ? { "mcp-session-id": randomUUID() } : {};
    return response.writeHead(200, { "content-type": "application/json", ...session }).end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function searchOfManyTools(): Promise<Row> {
  const bounds = { limit: 8, semanticShare: 0.5, farthest: 1, embeddings: undefined, fallsBack: true };
  const search = new ToolSearch(tools(1_000), bounds);
  const tookMs: number[] = [];
  for (let count = 0; count < SEARCHES; count++) {
    const begunMs = performance.now();
    await search.find(`refund of the invoice number ${count} of a customer`, []);
    tookMs.push(performance.now() - begunMs);
  }
  return row("find_tool over 1,000 tools, p95", quantile(tookMs, 0.95), "ms", "<= 20");
}

/** Sessions that nobody ends, with the caps lifted, as the gateway begins them. */
async function abandonedSessions({ count, isAtBackend }: { count: number; isAtBackend: boolean }): Promise<Row> {
  const server = await startLister([], isAtBackend);
  const url = `http://127.0.0.1:${portOf(server)}/mcp`;
  const connection = { transport: "streamable-http", url, headers: {}, sharesSession: false } as const;
  const backends = new Backends([{ ...PLAIN_BACKEND, connection }], {
    log: () => {},
    onChange: () => {},
    onToolsChanged: () => {},
  });
  const views = new SessionViews(backends, "snapshot");
  const unbounded = { ttlMs: Infinity, abandonedAfterMs: Infinity, limit: Infinity };
  const onBegin = (session: Session) => views.begin(session);
  const sessions = new Sessions({ ...unbounded, onBegin, lockTtlMs: 60_000, lockWaitMs: 10_000 });
  try {
    await backends.get(PLAIN_BACKEND.name)?.guarded.about(PLAIN_BACKEND.deadlineMs);
    const begin = async (number: number) => {
      for (let each = 0; each < number; each++) await sessions.create("2025-11-25")?.ready;
    };
    await begin(WARM_UP_SESSIONS);
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;
    await begin(count);
    await collectGarbage();
    const megabytes = ((process.memoryUsage().heapUsed - before) * ABANDONED) / count / 1e6;
    if (isAtBackend) return row("100,000 abandoned sessions, each with its own at a backend", megabytes, "MB", "");
    return row("100,000 abandoned sessions, caps lifted", megabytes, "MB", "<= 30");
  } finally {
    sessions.stop();
    backends.close();
    server.closeAllConnections();
    server.close();
  }
}
