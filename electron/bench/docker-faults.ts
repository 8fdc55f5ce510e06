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
import { readEvent } from "../lab/stacks/docker/event-shape.ts";
import { linesOf } from "../lab/stacks/docker/json-lines.ts";
import { RunningStack } from "../lab/stacks/running-stack.ts";
import { loadStack } from "../lab/stacks/stack-file.ts";
import { median, type Row, row } from "./row.ts";

/** Pairs of one fault by the lab and one stop by the docker command line, in turn, so that both meet the same machine. */
const PAIRS = 11;

const STACK = `services:
  web:
    image: node:24-slim
    command: [node, -e, "require('http').createServer((q, r) => r.end()).listen(8000); process.on('SIGTERM', () => process.exit(0))"]
    ports: ["127.0.0.1::8000"]
    x-lab: { role: other, probe: { http: / } }
`;

/** How soon a fault hits, and how soon it is seen, next to \`docker stop\`. Empty, and said, where no engine answers. */
export async function benchDocker(): Promise<Row[]> {
  const engine = await connectEngine(process.env, false).catch((error: Error) => error);
  if (engine instanceof Error) {
    console.error(`docker: skipped, no engine (${engine.message})`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-docker-"));
  const home = openHome(folder);
  const journal = openJournal(home.journalFile);
  try {
    writeFileSync(join(folder, "compose.yaml"), STACK);
    const environment = { ...process.env, COMPOSE_PROJECT_NAME: `labbench${process.pid}` };
    const { signal } = new AbortController();
    const startedMs = performance.now();
    const running = await RunningStack.up(loadStack(join(folder, "compose.yaml"), environment), {
      register: new StackRegister(journal),
      stacksFolder: home.stacksFolder,
      ports: "fixed",
      kept: false,
      engine,
      environment,
      signal,
    });
    const upMs = performance.now() - startedMs;
    try {
      const rows = await measure(engine, running, new FaultJournal(journal), signal);
      return [...rows, row("docker: one service up to healthy", upMs / 1_000, "s")];
    } finally {
      await running.down();
    }
  } finally {
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  engine: Engine,
  running: RunningStack,
  journal: FaultJournal,
  signal: AbortSignal,
): Promise<Row[]> {
  const [container] = await containersOf(engine.docker, running.stack.project, "web");
  if (container === undefined) throw new Error("the container that is to be measured is gone");
  const deaths = await watchDeaths(engine, container.Id);
  const log = new RunLog({ runId: "bench", clock: systemClock, record: () => {} });
  const faults = new FaultInjector({ stack: running, journal, log, clock: systemClock });
  const byLab: number[] = [];
  const byCli: number[] = [];
  const seen: number[] = [];
  const restored: number[] = [];
  try {
    for (let pair = 0; pair < PAIRS; pair++) {
      const down = running.health.waitFor("web", "down", signal).then(() => performance.now());
      const { died, startedMs } = await timed(deaths, () => faults.apply({ stop: "web" }, signal));
      byLab.push(died - startedMs);
      seen.push((await down) - died);
      const undoMs = performance.now();
      await faults.undo("web", signal);
      restored.push(performance.now() - undoMs);
      const cli = await timed(deaths, () => stopByCli(container.Id));
      byCli.push(cli.died - cli.startedMs);
      await running.startAndWait("web", signal);
    }
  } finally {
    deaths.close();
  }
  const ratio = median(byLab.map((value, index) => value / (byCli[index] ?? Number.NaN)));
  return [
    row("docker: fault to die, against docker stop", ratio, "x", "<= 1.5"),
    row("docker: fault to die event", median(byLab), "ms"),
    row("docker: docker stop to die event", median(byCli), "ms"),
    row("docker: die event to health down", median(seen), "ms"),
    row("docker: undo to healthy", median(restored), "ms"),
  ];
}

interface Deaths {
  next(): Promise<number>;
  close(): void;
}

async function timed(deaths: Deaths, act: () => Promise<unknown>): Promise<{ startedMs: number; died: number }> {
  const death = deaths.next();
  const startedMs = performance.now();
  await act();
  return { startedMs, died: await death };
}

/** A stream of its own: what is measured is not what measures. */
async function watchDeaths({ docker }: Engine, id: string): Promise<Deaths> {
  const stream = await docker.getEvents({ filters: { container: [id], event: ["die"] } });
  let tell: (atMs: number) => void = () => {};
  void (async () => {
    for await (const line of linesOf(stream)) if (readEvent(line)?.action === "die") tell(performance.now());
  })().catch(() => {});
  return {
    next: () => new Promise((resolve) => (tell = resolve)),
    close: () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy(),
  };
}

function stopByCli(id: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("docker", ["stop", id], { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`docker stop ended with ${code}`))));
  });
}
