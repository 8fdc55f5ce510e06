import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openHome } from "../lab/home.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { openJournal } from "../lab/journal/journal.ts";
import { type RegisteredStack, StackRegister } from "../lab/journal/stack-register.ts";
import { connectEngine } from "../lab/stacks/docker/engine.ts";
import { startLab } from "../lab/watchdog/testing/lab-process.ts";
import { median, type Row, row } from "./row.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const POLL_INTERVAL_MS = 4;
const LIMIT_MS = 60_000;
const LINK = "agent->gateway";
const SERVICE = "payments-mcp";

/**
 * `resilience-lab halt` from a shell while the lab that applied the faults hangs: time from the start of the command until
 * a closed link and a killed service answer again. The worst of all rounds, observed from outside, by sockets only.
 */
export async function benchHalt(): Promise<Row[]> {
  const rows = await halts("process");
  const engine = await connectEngine(process.env, false).catch((error: Error) => error);
  if (!(engine instanceof Error)) return [...rows, ...(await halts("docker"))];
  console.error(`halt on docker: skipped, no engine (${engine.message})`);
  return rows;
}

async function halts(driver: "process" | "docker"): Promise<Row[]> {
  const target = new HaltTarget(driver);
  try {
    await target.begin();
    const rounds: Halted[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await target.halt());
    const of = (key: keyof Halted) => rounds.map((each) => each[key]);
    const name = `halt from a shell, ${driver}`;
    return [
      row(`${name}: link open, p50`, median(of("linkMs")), "ms"),
      row(`${name}: link open, worst of ${ROUNDS}`, Math.max(...of("linkMs")), "ms", "<= 250"),
      row(`${name}: killed service up, worst of ${ROUNDS}`, Math.max(...of("serviceMs")), "ms", "<= 3000"),
    ];
  } finally {
    await target.end();
  }
}

interface Halted {
  linkMs: number;
  serviceMs: number;
}

class HaltTarget {
  readonly #driver: "process" | "docker";
  readonly #folder = mkdtempSync(join(tmpdir(), "lab-bench-halt-"));
  readonly #project = `lab-halt-${randomUUID().slice(0, 8)}`;

  constructor(driver: "process" | "docker") {
    this.#driver = driver;
    mkdirSync(this.#home);
  }

  async begin(): Promise<void> {
    const output = await this.#lab("stack", "up", "--driver", this.#driver, "--ports", "auto").ended;
    if (this.#journal(({ stack }) => stack) === undefined) throw new Error(`no stack came up: ${output}`);
    await this.halt(); // warms the compile cache
  }

  async end(): Promise<void> {
    await this.#lab("stack", "down", "--volumes").ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async halt(): Promise<Halted> {
    const run = this.#lab("run", this.#scenario());
    await this.#until(() => this.#journal(({ applied }) => applied.length === 2));
    run.child.kill("SIGSTOP");
    const [link, service] = this.#addresses();
    const startedMs = performance.now();
    const command = this.#lab("halt");
    const [linkMs, serviceMs] = await Promise.all(
      [link, service].map(async (url) => {
        await this.#until(() => answers(url));
        return performance.now() - startedMs;
      }),
    );
    await command.ended;
    run.child.kill("SIGCONT");
    await run.ended;
    await this.#lab("arm").ended;
    return { linkMs: linkMs ?? Number.NaN, serviceMs: serviceMs ?? Number.NaN };
  }

  get #home(): string {
    return join(this.#folder, "home");
  }

  #lab(...args: string[]) {
    return startLab(this.#home, args, { COMPOSE_PROJECT_NAME: this.#project });
  }

  #scenario(): string {
    const file = join(this.#folder, "broken.yaml");
    const steadyState = [{ service: SERVICE, is: "up" }];
    const method = [{ fault: { down: LINK } }, { fault: { kill: SERVICE } }, { wait: "5m" }];
    const scenario = { id: "a", title: "a", patterns: [], steadyState, method, expect: [{ within: "10m" }] };
    writeFileSync(file, JSON.stringify(scenario));
    return file;
  }

  #journal<Value>(read: (seen: { stack: RegisteredStack | undefined; applied: string[] }) => Value): Value {
    const journal = openJournal(openHome(this.#home).journalFile);
    try {
      const [stack] = new StackRegister(journal).list();
      const open = stack === undefined ? [] : new FaultJournal(journal).open(stack.id);
      return read({ stack, applied: open.filter(({ isApplied }) => isApplied).map(({ id }) => id) });
    } finally {
      journal.close();
    }
  }

  /** Addresses of the link and of the service. On Docker a link is in the proxy's container, reachable from this machine. */
  #addresses(): [string, string] {
    const ports = this.#journal(({ stack }) => stack?.ports) ?? {};
    const service = `http://127.0.0.1:${ports[SERVICE]}/healthz`;
    if (this.#driver === "process") return [`http://127.0.0.1:${ports[LINK]}/health`, service];
    const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8" }).trim();
    const container = (name: string) => `${this.#project}-${name}-1`;
    const networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    const [address] = docker("inspect", "--format", networks, container("fault-proxy")).split(" ");
    const variables = docker("inspect", "--format", "{{range .Config.Env}}{{println .}}{{end}}", container("agent"));
    const { port } = new URL(/GATEWAY_URL=(\S+)/.exec(variables)?.[1] ?? "");
    return [`http://${address}:${port}/health`, service];
  }

  async #until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    const limitMs = performance.now() + LIMIT_MS;
    while (!(await isSo())) {
      if (performance.now() > limitMs) throw new Error("the stack was not broken, or not restored, within a minute");
      await delay(POLL_INTERVAL_MS);
    }
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 1_000 }, (response) => {
      response.resume().once("end", () => resolve(true));
      response.once("error", () => resolve(false));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}
