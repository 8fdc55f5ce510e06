import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openHome } from "../lab/home.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { openJournal } from "../lab/journal/journal.ts";
import { StackRegister } from "../lab/journal/stack-register.ts";
import { connectEngine } from "../lab/stacks/docker/engine.ts";
import { ON_REFERENCE_STACK, type RunTarget } from "../lab/stacks/run-target.ts";
import { Stacks } from "../lab/stacks/stacks.ts";
import { median, type Row, row } from "./row.ts";

const SERVICES = 40;
const ROUNDS = 7;

const run = promisify(execFile);

/**
 * How soon a project of many services is open, next to `docker ps` and an inspection of each of its containers. Empty, and
 * logged, where no engine or no docker-compose answers.
 */
export async function benchOpenProject(): Promise<Row[]> {
  const engine = await connectEngine(process.env, false).catch((error: Error) => error);
  if (engine instanceof Error) {
    console.error(`projects: skipped, no engine (${engine.message})`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-projects-"));
  const project = `labbench${process.pid}`;
  const compose = (...args: string[]) =>
    execFileSync("docker-compose", ["-p", project, ...args], { cwd: folder, stdio: "ignore" });
  const home = openHome(join(folder, "home"));
  const journal = openJournal(home.journalFile);
  try {
    writeFileSync(join(folder, "docker-compose.yml"), composeFile());
    compose("up", "-d");
    const parts = { register: new StackRegister(journal), faults: new FaultJournal(journal) };
    const stacks = new Stacks({ ...parts, stacksFolder: home.stacksFolder, environment: process.env });
    const byLab: number[] = [];
    const byCli: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      byLab.push(await timed(() => openIn(stacks, project)));
      byCli.push(await timed(() => listAndInspect(project)));
    }
    const ratio = median(byLab.map((value, index) => value / (byCli[index] ?? Number.NaN)));
    return [
      row(`projects: one of ${SERVICES} services opened, p50`, median(byLab), "ms"),
      row("projects: docker ps and an inspection of each container, p50", median(byCli), "ms"),
      row("projects: opened, against those", ratio, "x", "<= 2"),
    ];
  } finally {
    compose("down", "-t", "0");
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function composeFile(): string {
  const service = (index: number) =>
    `  service-${index}: { image: "node:24-slim", command: [sleep, "10000"], stop_grace_period: 0s }\n`;
  return `services:\n${Array.from({ length: SERVICES }, (_, index) => service(index)).join("")}`;
}

async function openIn(stacks: Stacks, project: string): Promise<void> {
  const target = {
    ...ON_REFERENCE_STACK,
    source: { is: "project", project },
    driver: "docker",
    engine: { by: "environment", allowRemote: false },
    start: "attach",
  } satisfies RunTarget;
  const open = await stacks.open(await stacks.resolve(target), { signal: new AbortController().signal });
  const found = open.running.stack.services.length;
  await open.release();
  if (found !== SERVICES) throw new Error(`${found} of ${SERVICES} services were found`);
}

async function listAndInspect(project: string): Promise<void> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout } = await run("docker", ["ps", "-aq", "--filter", filter]);
  await run("docker", ["inspect", ...stdout.trim().split("\n")], { maxBuffer: 64 * 1024 * 1024 });
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}
