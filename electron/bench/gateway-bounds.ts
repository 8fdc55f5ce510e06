import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolSearch } from "../../resources/stack/gateway/optimizer/tool-search.ts";
import { killServices, startService } from "../../resources/stack/http/testing/service-process.ts";
import type { RunningStack } from "../lab/stacks/running-stack.ts";
import { abandonedSessions } from "./abandoned-sessions.ts";
import { arm, message } from "./gateway-hop.ts";
import { median, quantile, type Row, row } from "./row.ts";

const PAIRS = 7;
const SEARCHES = 300;
const STACK = join(import.meta.dirname, "..", "..", "resources", "stack");
const CUT_TOOL = "list_tickets";
const DENIED = {
  text: message("tools/call", { name: "delete_customer", arguments: { customer_id: "cus_1" } }),
  expected: "denied by policy",
};

/** What a gateway costs where it calls no backend, or bounds what it keeps. */
export async function benchGatewayBounds(running: RunningStack): Promise<Row[]> {
  return [
    // First: what the others leave for the garbage collector would be subtracted.
    ...(await abandonedSessions()),
    await deniedAgainstDirect(running),
    await cutAgainstDirect(running),
    await listOfManyBackends(),
    await searchOfManyTools(),
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

/** The smallest MCP server without sessions that lists tools. */
async function startLister(listed: readonly unknown[]): Promise<Server> {
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
    return response.writeHead(200, { "content-type": "application/json" }).end(text);
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
