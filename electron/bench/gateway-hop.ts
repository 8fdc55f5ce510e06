import { Agent, request } from "node:http";
import { Peers } from "../../resources/stack/fault-proxy/bench/peers.ts";
import { systemClock } from "../lab/clock.ts";
import { TrafficMeter } from "../lab/faults/traffic-meter.ts";
import { WireWatch } from "../lab/faults/wire-watch.ts";
import type { RunningStack } from "../lab/stacks/running-stack.ts";
import { median, quantile, type Row, row } from "./row.ts";

const PAIRS = 9;
const CALLS_PER_ARM = 300;
const CONCURRENCIES = [1, 8, 32];
const LINK = "gateway->payments-mcp";

export interface Arm {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * A call through the gateway, with policy, turn, budget and audit on and the links read as during a run, against the same call
 * to the server behind it. Beside it a forwarder that does nothing else, on node:http and over the same link: what any gateway costs.
 */
export async function benchGatewayHop(running: RunningStack): Promise<Row[]> {
  const port = running.registered.ports[LINK];
  if (port === undefined) throw new Error(`the stack has no link ${LINK}`);
  const peers = new Peers();
  const wire = await WireWatch.start({
    stack: running,
    clock: systemClock,
    calls: new TrafficMeter(systemClock),
    bodiesOf: [],
  });
  try {
    const forwarder = await peers.start("bareHttp", port);
    const urls = { hop: urlOf(running, "gateway"), bare: `http://127.0.0.1:${forwarder.port}/mcp` };
    const rows: Row[] = [];
    for (const concurrency of CONCURRENCIES) {
      const { hop, bare } = await againstDirect(urlOf(running, "payments-mcp"), urls, concurrency);
      const goals = concurrency === 1 ? { ratio: ">= 0.6", added: "<= 0.4" } : { ratio: ">= 0.55", added: "" };
      const name = (what: string) => `${what}, ${concurrency} at once`;
      rows.push(
        row(name("gateway hop, calls/s against direct"), hop.ratio, "ratio", goals.ratio),
        row(name("bare forwarder in its place, calls/s against direct"), bare.ratio, "ratio"),
        row(name("gateway hop, added p50"), hop.addedMs, "ms", goals.added),
        row(name("bare forwarder in its place, added p50"), bare.addedMs, "ms"),
      );
    }
    return rows;
  } finally {
    await wire?.close();
    peers.stop();
  }
}

/** The same calls while services send spans to the lab. */
export async function benchTracedHop(running: RunningStack): Promise<Row[]> {
  const rows: Row[] = [];
  for (const concurrency of CONCURRENCIES) {
    const urls = { hop: urlOf(running, "gateway") };
    const { hop } = await againstDirect(urlOf(running, "payments-mcp"), urls, concurrency);
    rows.push(
      row(`gateway hop with tracing, calls/s against direct, ${concurrency} at once`, hop.ratio, "ratio"),
      row(`gateway hop with tracing, added p50, ${concurrency} at once`, hop.addedMs, "ms"),
    );
  }
  return rows;
}

function urlOf(running: RunningStack, service: string): string {
  return `http://${running.address(service)}/mcp`;
}

interface Against {
  ratio: number;
  addedMs: number;
}

/** Each way and the direct one over kept connections, in turn, each worker a session of its own; medians over rounds. */
async function againstDirect<Way extends string>(
  direct: string,
  ways: Readonly<Record<Way, string>>,
  concurrency: number,
): Promise<Record<Way, Against>> {
  const urls: [string, string][] = [["direct", direct], ...Object.entries<string>(ways)];
  for (const [, url] of urls) await arm(url, concurrency);
  const rounds: Record<string, Arm>[] = [];
  for (let round = 0; round < PAIRS; round++) {
    const arms: Record<string, Arm> = {};
    for (const [name, url] of round % 2 === 0 ? urls : urls.toReversed()) arms[name] = await arm(url, concurrency);
    rounds.push(arms);
  }
  const over = (name: string, difference: (way: Arm, straight: Arm) => number) =>
    median(rounds.map((arms) => difference(arms[name] as Arm, arms.direct as Arm)));
  const entries = Object.keys(ways).map((name) => [
    name,
    {
      ratio: over(name, (way, straight) => way.perSecond / straight.perSecond),
      addedMs: over(name, (way, straight) => way.p50Ms - straight.p50Ms),
    },
  ]);
  return Object.fromEntries(entries) as Record<Way, Against>;
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
