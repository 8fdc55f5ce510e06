/**
 * Drives load through a gateway, reads the diagnostics of every service meanwhile, and names the gauges that grow without
 * end. Then the same, shorter, with each of five leaks planted in the gateway by a preload. Exit 1 if a gauge grows without a
 * planted leak, or a planted one is not named.
 *
 * npm run soak -- leaks-trend [--minutes 20] [--planted-minutes 1]
 */
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startGatewayStack } from "./gateway-stack.ts";
import { drive } from "./load.ts";
import { type Sample, type Trend, trendOf } from "./trend.ts";

const MINUTE_MS = 60_000;
const SAMPLES = 120;
/** Of the time: code is compiled, connections are opened, bounded lists are filled. */
const WARM_UP = 0.25;
const LEAST_BYTES = 400_000;
const LEAST_COUNT = 8;

/** The gauge in which each planted leak shows. */
const PLANTED: Record<string, string> = {
  listeners: "gateway listeners",
  sessions: "gateway sessions",
  timers: "gateway open_timers",
  sockets: "gateway open_sockets",
  array: "gateway heapUsedBytes",
};

type Gauges = Map<string, Sample[]>;

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "20" }, "planted-minutes": { type: "string", default: "1" } },
});
const failures: string[] = [];
const healthy = await growing(undefined, Number(values.minutes));
if (healthy.length > 0) failures.push(`without a planted leak these grow: ${healthy.join(", ")}`);
for (const [leak, gauge] of Object.entries(PLANTED)) {
  const named = await growing(leak, Number(values["planted-minutes"]));
  if (!named.includes(gauge)) failures.push(`planted ${leak}: expected ${gauge} to grow`);
  // Each holds memory, and a session of the gateway one at each of its servers.
  const others = named.filter((name) => !name.endsWith("heapUsedBytes") && !name.endsWith(gauge.split(" ")[1] ?? ""));
  if (others.length > 0) failures.push(`planted ${leak}: other gauges grow as well: ${others.join(", ")}`);
}
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length === 0) console.log(`${Object.keys(PLANTED).length} planted leaks named, and none without`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** The names of the gauges that grow. */
async function growing(leak: string | undefined, minutes: number): Promise<string[]> {
  const stack = await startGatewayStack(leak);
  try {
    const over = new AbortController();
    let requests = 0;
    const load = drive(stack, over.signal, (count) => {
      requests += count;
    });
    const gauges = await watch(stack.diagnostics, minutes * MINUTE_MS, () => requests);
    over.abort();
    await load;
    console.log(`${leak === undefined ? "no leak" : `planted: ${leak}`}, ${minutes} min, ${requests} requests`);
    const trends = [...gauges].map(([name, samples]) => ({ name, samples, trend: trendOf(samples, leastOf(name)) }));
    for (const { name, samples, trend } of trends) if (isWorthPrinting(name, trend)) print(name, samples, trend);
    return trends.flatMap(({ name, trend }) => (trend.grows ? [name] : []));
  } finally {
    await stack.stop();
  }
}

async function watch(diagnostics: Record<string, string>, durationMs: number, requests: () => number): Promise<Gauges> {
  const gauges: Gauges = new Map();
  const startedMs = performance.now();
  for (;;) {
    const atMs = performance.now() - startedMs;
    if (atMs > durationMs) return gauges;
    for (const [service, url] of Object.entries(diagnostics)) {
      const report = (await (await fetch(url)).json()) as { diagnostics: Record<string, unknown> };
      if (atMs < durationMs * WARM_UP) continue;
      for (const [gauge, value] of countsIn(report.diagnostics)) {
        const name = `${service} ${gauge}`;
        gauges.set(name, [...(gauges.get(name) ?? []), { at: requests(), value }]);
      }
    }
    await delay(durationMs / SAMPLES);
  }
}

/** What can leak: counts and bytes that the process holds, not how fast it is or what it has done so far. */
function countsIn(report: Record<string, unknown>): [string, number][] {
  const held = [
    "heapUsedBytes",
    "listeners",
    "sessions",
    "running_executions",
    "stream_bytes_kept",
    "thread_count",
    "messages",
    "open_requests",
    "open_sockets",
    "open_timers",
  ];
  const counts = held.flatMap((name): [string, number][] => {
    const value = report[name];
    return typeof value === "number" && value >= 0 ? [[name, value]] : [];
  });
  // Sockets and timers in use are counted above: how many are in pools depends on the load.
  const handles = Object.entries((report.handles ?? {}) as Record<string, number>).filter(
    ([kind]) => kind !== "TCPSocketWrap" && kind !== "Timeout",
  );
  return [...counts, ...handles.map(([kind, count]): [string, number] => [`handles.${kind}`, count])];
}

function leastOf(name: string): number {
  return name.endsWith("Bytes") || name.endsWith("bytes_kept") ? LEAST_BYTES : LEAST_COUNT;
}

function isWorthPrinting(name: string, { grows }: Trend): boolean {
  return grows || name.endsWith("heapUsedBytes");
}

function print(name: string, samples: readonly Sample[], { slope, margin, grows }: Trend): void {
  const unit = name.endsWith("Bytes") ? 1_024 : 1;
  const inUnit = (value: number) => (value / unit).toFixed(1);
  const kind = unit === 1 ? "" : " KiB";
  const last = samples.at(-1)?.value ?? 0;
  const verdict = grows ? "GROWS" : "bounded";
  console.log(
    `  ${name.padEnd(32)} ${inUnit(slope)} ± ${inUnit(margin)}${kind} for 1000 requests, now ${inUnit(last)}  ${verdict}`,
  );
}
