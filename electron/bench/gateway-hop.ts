import { Agent, request } from "node:http";
import type { RunningStack } from "../lab/stacks/running-stack.ts";
import { median, quantile, type Row, row } from "./row.ts";

const PAIRS = 9;
const CALLS_PER_ARM = 300;

export interface Arm {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * A call through the gateway, with policy, turn, budget and audit on, against the same call to the server behind it. Both
 * over kept connections, in turn, each worker a session of its own; medians over pairs.
 */
export async function benchGatewayHop(running: RunningStack): Promise<Row[]> {
  const direct = `http://${running.address("payments-mcp")}/mcp`;
  const hop = `http://${running.address("gateway")}/mcp`;
  const rows: Row[] = [];
  for (const concurrency of [1, 8, 32]) {
    await arm(direct, concurrency);
    await arm(hop, concurrency);
    const ratios: number[] = [];
    const added: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const hopFirst = pair % 2 === 0 ? await arm(hop, concurrency) : undefined;
      const straight = await arm(direct, concurrency);
      const through = hopFirst ?? (await arm(hop, concurrency));
      ratios.push(through.perSecond / straight.perSecond);
      added.push(through.p50Ms - straight.p50Ms);
    }
    const goals = concurrency === 1 ? { ratio: ">= 0.6", added: "<= 0.4" } : { ratio: ">= 0.55", added: "" };
    rows.push(row(`gateway hop, calls/s against direct, ${concurrency} at once`, median(ratios), "ratio", goals.ratio));
    rows.push(row(`gateway hop, added p50, ${concurrency} at once`, median(added), "ms", goals.added));
  }
  return rows;
}

/** What each request of an arm is, and what its reply must have. */
export interface Exchange {
  text: string;
  expected: string;
}

/** Calls of the same read unless another request is given, by as many workers as `concurrency`, each with a session that is open before the first call. */
export async function arm(url: string, concurrency: number, exchange?: Exchange): Promise<Arm> {
  const { text, expected } = exchange ?? { text: CALL, expected: '"result"' };
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const sessions = await Promise.all(Array.from({ length: concurrency }, () => openSession(url, agent)));
  const latencies: number[] = [];
  let left = CALLS_PER_ARM;
  const startedMs = performance.now();
  await Promise.all(
    sessions.map(async (session) => {
      while (left-- > 0) {
        const begunMs = performance.now();
        const { body } = await post(url, agent, session, text);
        if (!body.includes(expected)) throw new Error(`a call failed: ${body.slice(0, 300)}`);
        latencies.push(performance.now() - begunMs);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  agent.destroy();
  const [p50Ms, p99Ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return { perSecond: latencies.length / seconds, p50Ms, p99Ms };
}

export const message = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const CALL = message("tools/call", { name: "list_refunds_for_charge", arguments: { charge_id: "ch_1001" } });

async function openSession(url: string, agent: Agent): Promise<string> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const { session } = await post(url, agent, undefined, message("initialize", params));
  await post(url, agent, session, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
  return session;
}

function post(url: string, agent: Agent, session: string | undefined, text: string) {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
    ...(session === undefined ? {} : { "mcp-session-id": session }),
  };
  return new Promise<{ session: string; body: string }>((resolve, reject) => {
    const outgoing = request(url, { method: "POST", agent, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.once("end", () => resolve({ session: String(response.headers["mcp-session-id"] ?? session), body }));
      response.once("error", reject);
    });
    outgoing.once("error", reject);
    outgoing.end(text);
  });
}
