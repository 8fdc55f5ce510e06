import { setTimeout as delay } from "node:timers/promises";
import type { RunningStack } from "../lab/stacks/running-stack.ts";
import { arm } from "./gateway-hop.ts";
import { median, type Row, row } from "./row.ts";

const PAIRS = 7;
const CONCURRENCY = 8;
const POLL_INTERVAL_MS = 50;
const RECOVERY_LIMIT_MS = 60_000;
const BROKEN = "support-mcp";

/**
 * Calls to one server through the gateway while the other one hangs, against the same calls just before: p99, medians over
 * pairs. The calls during the fault begin at once, so that they include the time until the gateway has noticed.
 */
export async function benchHealthyPeer(running: RunningStack): Promise<Row[]> {
  const url = `http://${running.address("gateway")}/mcp`;
  await arm(url, CONCURRENCY);
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const before = await arm(url, CONCURRENCY);
    await running.driver.pause(BROKEN);
    const during = await arm(url, CONCURRENCY).finally(() => running.driver.resume(BROKEN));
    ratios.push(during.p99Ms / before.p99Ms);
    await recovered(running);
  }
  const name = `calls to a healthy server, p99 while another hangs against before, ${CONCURRENCY} at once`;
  return [row(name, median(ratios), "ratio", "<= 1.2")];
}

async function recovered(running: RunningStack): Promise<void> {
  for (const endsAt = performance.now() + RECOVERY_LIMIT_MS; ; await delay(POLL_INTERVAL_MS)) {
    const response = await fetch(`http://${running.address("gateway")}/api/backends/health`);
    const { backends } = (await response.json()) as { backends: Record<string, Reported> };
    const { support } = backends;
    if (support?.ConsecutiveFailures === 0 && support.CircuitState === "closed") return;
    if (performance.now() > endsAt) throw new Error(`the gateway does not use ${BROKEN} again`);
  }
}

interface Reported {
  ConsecutiveFailures: number;
  CircuitState: string;
}
