/** `npm run bench [PART...]`: measures, prints a table, writes bench.json, and exits 1 when an aim is missed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { benchFaultProxy } from "../../resources/stack/fault-proxy/bench.ts";
import { benchBundles } from "../lab/bundles/bundles.bench.ts";
import { Lab, type Workbench } from "../lab/lab.ts";
import { benchDocker } from "../lab/stack/docker/docker.bench.ts";
import type { RunningStack } from "../lab/stack/running-stack.ts";
import { benchDemo } from "./demo.ts";
import { benchGatewayHop } from "./gateway-hop.ts";
import { benchHalt } from "./halt.ts";
import { benchPage } from "./page.ts";
import { benchRecorder } from "./recorder.ts";
import { benchRedaction } from "./redaction.ts";
import { type Row, row, table } from "./row.ts";
import { benchStream } from "./stream.ts";
import { benchSubscribers } from "./subscribers.ts";

const PARTS: Record<string, () => Promise<Row[]>> = {
  recorder: async () => benchRecorder(),
  redaction: async () => benchRedaction(),
  gateway: () => onStack((running) => benchGatewayHop(running)),
  proxy: benchFaultProxy,
  docker: benchDocker,
  halt: benchHalt,
  bundles: benchBundles,
  page: benchPage,
  stream: benchStream,
  subscribers: benchSubscribers,
  demo: () => onStack((running, bench) => benchDemo(bench, running)),
};

/** A stack of its own, so that nothing else is measured; how long it took to come up is a row as well. */
async function onStack(use: (running: RunningStack, bench: Workbench) => Promise<Row[]>): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const lab = Lab.open({ ...process.env, RESILIENCE_LAB_HOME: folder });
  const { signal } = new AbortController();
  try {
    return await lab.work("measuring", signal, async (bench) => {
      const startedMs = performance.now();
      const running = await bench.up({ stack: lab.loadStack(), ports: "auto", kept: false, signal });
      const up = row("stack up to healthy", (performance.now() - startedMs) / 1000, "s");
      try {
        return [up, ...(await use(running, bench))];
      } finally {
        await running.down();
      }
    });
  } finally {
    lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(", ")}; the parts are: ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`measuring: ${name}`);
  rows.push(...(await measure()));
}
console.log(table(rows));
const [cpu] = cpus();
writeFileSync("bench.json", `${JSON.stringify({ node: process.version, cpu: cpu?.model, rows }, null, 2)}\n`);
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
