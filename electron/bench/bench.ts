/** `npm run bench [PART...]`: measures, prints a table, writes bench.json, and exits 1 when a goal is missed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { benchWire } from "../../resources/stack/fault-proxy/bench/wire-rows.ts";
import { benchFaultProxy } from "../../resources/stack/fault-proxy/bench.ts";
import { Lab } from "../lab/lab.ts";
import type { LabSession } from "../lab/lab-session.ts";
import type { OpenStack, StackNews } from "../lab/stacks/open-stack.ts";
import { ON_REFERENCE_STACK } from "../lab/stacks/run-target.ts";
import { DISABLED_VARIABLE } from "../lab/telemetry/telemetry.ts";
import { benchBundles } from "./bundles.ts";
import { benchDemo } from "./demo.ts";
import { benchDocker } from "./docker-faults.ts";
import { benchGatewayBounds } from "./gateway-bounds.ts";
import { benchGatewayHop, benchTracedHop } from "./gateway-hop.ts";
import { benchGatewaySubscribers } from "./gateway-subscribers.ts";
import { benchHalt } from "./halt.ts";
import { benchHealthyPeer } from "./healthy-peer.ts";
import { benchHistoryDelay } from "./history-delay.ts";
import { benchOpenProject } from "./open-project.ts";
import { benchPage } from "./page.ts";
import { benchPostgres } from "./postgres.ts";
import { benchPresenter } from "./presenter.ts";
import { benchRecorder } from "./recorder.ts";
import { benchRedaction } from "./redaction.ts";
import { type Row, row, table } from "./row.ts";
import { benchLinkFaults } from "./sidecar-faults.ts";
import { benchStream } from "./stream.ts";
import { benchSubscribers } from "./subscribers.ts";
import { benchWaterfall } from "./waterfall.ts";

const PARTS: Record<string, () => Promise<Row[]>> = {
  recorder: benchRecorder,
  postgres: benchPostgres,
  history: benchHistoryDelay,
  redaction: benchRedaction,
  gateway: () => onStack(({ running }) => benchGatewayHop(running), { [DISABLED_VARIABLE]: "true" }),
  traced: () => onStack(({ running }) => benchTracedHop(running)),
  bounds: () => onStack(({ running }) => benchGatewayBounds(running)),
  peer: () => onStack(({ running }) => benchHealthyPeer(running)),
  events: benchGatewaySubscribers,
  proxy: benchFaultProxy,
  wire: benchWire,
  docker: benchDocker,
  links: benchLinkFaults,
  projects: benchOpenProject,
  halt: benchHalt,
  bundles: benchBundles,
  page: benchPage,
  presenter: benchPresenter,
  waterfall: benchWaterfall,
  stream: benchStream,
  subscribers: benchSubscribers,
  demo: () => inLab(benchDemo),
};

/** A stack of its own, so that nothing else is measured; its start-up time is a row as well. */
function onStack(use: (open: OpenStack) => Promise<Row[]>, environment: NodeJS.ProcessEnv = {}): Promise<Row[]> {
  return inLab(async (lab, bench) => {
    const target = await lab.resolve({ ...ON_REFERENCE_STACK, ports: "auto" });
    let tookMs = 0;
    const listen = (news: StackNews) => {
      if (news.is === "open") ({ tookMs } = news);
    };
    const { signal } = new AbortController();
    return bench.stacks.use(target, { signal, listen }, async (open) => [
      row("stack up to healthy", tookMs / 1000, "s"),
      ...(await use(open)),
    ]);
  }, environment);
}

async function inLab(
  use: (lab: Lab, bench: LabSession) => Promise<Row[]>,
  environment: NodeJS.ProcessEnv = {},
): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  // As in the terminal (electron/hosts/own-node.mjs): services of a stack start from compiled modules.
  enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/compiled"));
  const lab = await Lab.open({ ...process.env, ...environment, RESILIENCE_LAB_HOME: folder });
  try {
    return await lab.work("measuring", new AbortController().signal, (bench) => use(lab, bench));
  } finally {
    await lab.close();
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
