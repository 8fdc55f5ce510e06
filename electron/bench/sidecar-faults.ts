import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../lab/clock.ts";
import { RunLog } from "../lab/events/run-log.ts";
import { FaultInjector } from "../lab/faults/injector.ts";
import { openHome } from "../lab/home.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { openJournal } from "../lab/journal/journal.ts";
import { StackRegister } from "../lab/journal/stack-register.ts";
import { containersOf } from "../lab/stacks/docker/compose-labels.ts";
import { connectEngine, type Engine } from "../lab/stacks/docker/engine.ts";
import { sidecarImage } from "../lab/stacks/docker/sidecar/sidecar-image.ts";
import { UNSEEN_BUILDING } from "../lab/stacks/image-building.ts";
import { RunningStack } from "../lab/stacks/running-stack.ts";
import { loadStack } from "../lab/stacks/stack-file.ts";
import { median, type Row, row } from "./row.ts";

const ROUNDS = 11;
const LINK = "caller->tools";
const SERVICE = `{ image: node:24-slim, command: [node, -e, "require('http').createServer((q, r) => r.end()).listen(8000); process.on('SIGTERM', () => process.exit(0))"], ports: ["127.0.0.1::8000"], x-lab: { role: other, probe: { http: / } } }`;
const STACK = `services:
  caller: ${SERVICE}
  tools: ${SERVICE}
x-lab:
  links: [{ name: "${LINK}", port: 8000 }]
`;

/**
 * How soon a fault on a link that nothing of the project names is in force, and is undone with all of its traces, next to
 * `docker run` of the same image in the same namespace. Empty, and logged, where no engine answers.
 */
export async function benchLinkFaults(): Promise<Row[]> {
  const engine = await connectEngine(process.env, false).catch((error: Error) => error);
  if (engine instanceof Error) {
    console.error(`links: skipped, no engine (${engine.message})`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-links-"));
  const home = openHome(folder);
  const journal = openJournal(home.journalFile);
  try {
    writeFileSync(join(folder, "compose.yaml"), STACK);
    const environment = { ...process.env, COMPOSE_PROJECT_NAME: `labbench${process.pid}` };
    const running = await RunningStack.up(loadStack(join(folder, "compose.yaml"), environment), {
      register: new StackRegister(journal),
      stacksFolder: home.stacksFolder,
      ports: "fixed",
      kept: false,
      engine,
      environment,
      signal: new AbortController().signal,
    });
    try {
      return await measure(engine, running, new FaultJournal(journal));
    } finally {
      await running.down();
    }
  } finally {
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure({ docker }: Engine, running: RunningStack, journal: FaultJournal): Promise<Row[]> {
  const { signal } = new AbortController();
  const image = await sidecarImage(docker, UNSEEN_BUILDING);
  const [caller] = await containersOf(docker, running.stack.project, "caller");
  const log = new RunLog({ runId: "bench", clock: systemClock, record: () => {} });
  const faults = new FaultInjector({ stack: running, journal, log, clock: systemClock });
  const applied: number[] = [];
  const undone: number[] = [];
  const byCli: number[] = [];
  await running.driver.sidecars?.ensureImage(UNSEEN_BUILDING);
  for (let round = 0; round < ROUNDS; round++) {
    applied.push(await timed(() => faults.apply({ latency: LINK, by: 100 }, signal)));
    undone.push(await timed(() => faults.undo("all", signal)));
    byCli.push(await timed(() => runByCli(`container:${caller?.Id}`, image)));
  }
  const ratio = median(applied.map((value, index) => (value + (undone[index] ?? 0)) / (byCli[index] ?? Number.NaN)));
  return [
    row("links: fault on an undeclared link applied, p50", median(applied), "ms", "<= 600"),
    row("links: the same undone, sidecar removed, p50", median(undone), "ms", "<= 400"),
    row("links: docker run of the same image, p50", median(byCli), "ms"),
    row("links: applied and undone, against docker run", ratio, "x"),
  ];
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

/** Starts Node in it, and ends at once. */
function runByCli(network: string, image: string): Promise<void> {
  const args = ["run", "--rm", "--network", network, "--entrypoint", "node", image, "-e", "0"];
  return new Promise((resolve, reject) => {
    const child = spawn("docker", args, { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`docker run ended with ${code}`))));
  });
}
