import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { labProgram } from "../../../testing/lab-program.ts";
import { DockerOracle } from "./docker-oracle.ts";
import type { Oracle } from "./kill-oracle.ts";
import { KILL_POINT_VARIABLE, KILL_WATCHDOG_VARIABLE, type KillPoint } from "./kill-points.ts";
import { type LabProcess, startLab } from "./lab-process.ts";
import { ProcessOracle } from "./process-oracle.ts";
import { watchdogsOf } from "./process-table.ts";

const KILLABLE_LAB = labProgram("killable-lab");
const POLL_INTERVAL_MS = 20;
/** Bounds a hang; the lab's own recovery limit is far below, and the times are reported. */
const REPAIR_LIMIT_MS = 60_000;

export type Driver = "process" | "docker";

export interface Kill {
  /** A fault as a scenario writes it. */
  fault: Record<string, string>;
  /** A moment of the journal, or a time after the lab started: to bring its stack up, or to run on a kept one. */
  when: KillPoint | { afterMs: number };
  /** The watchdog is killed with the lab, and the next start has to restore everything. */
  watchdogToo: boolean;
}

export interface Restoration {
  /** False when the lab ended by itself before the kill. */
  wasKilled: boolean;
  /** What is still wrong; empty when all is restored. Includes damage of the round before that appeared only now. */
  damage: string[];
  /** Whether any damage was seen after the kill: killing a lab that had broken nothing proves little. */
  wasBroken: boolean;
  /** From the kill until the oracle found no damage, in milliseconds. */
  restoredMs: number;
  /** Output of the lab and, where there was one, of the next start. */
  output: string;
}

/** A data folder in which a lab is killed repeatedly. */
export class KillTestbed {
  readonly #home: string;
  readonly #driver: Driver;
  readonly #project: string;
  readonly #oracle: Oracle;
  #isKept = false;

  constructor(home: string, driver: Driver = "process") {
    mkdirSync(home, { recursive: true });
    this.#home = home;
    this.#driver = driver;
    this.#project = `lab-kill-${randomUUID().slice(0, 8)}`;
    this.#oracle = driver === "docker" ? new DockerOracle(this.#project) : new ProcessOracle(home);
  }

  /** Brings a stack up that every round then breaks; without it, each run brings up its own. */
  async keepStack(): Promise<void> {
    await this.#lab(["stack", "up", ...this.#targetOptions()]);
    await this.#oracle.learn();
    this.#isKept = true;
  }

  async close(): Promise<void> {
    await this.#lab(["stack", "down", "--volumes"]);
  }

  /** Kills one run, and reports whether what it had broken was restored. */
  async kill(kill: Kill): Promise<Restoration> {
    const file = join(this.#home, "killed.yaml");
    const { fault } = kill;
    const late = (await this.damage()).map((what) => `left by the round before: ${what}`);
    writeFileSync(file, scenarioOf([{ fault }, { wait: "200ms" }, { undo: "all" }, { fault }, { wait: "200ms" }]));
    const { wasKilled, lastOutput } = await this.#runUntilKilled(file, kill);
    const killedMs = performance.now();
    const nextStart = kill.watchdogToo ? this.#lab(this.#nextArgs()) : undefined;
    const { damage, ...seen } = await this.#watch(killedMs, nextStart);
    const output = `${lastOutput}${(await nextStart) ?? ""}`;
    return { wasKilled, damage: [...late, ...damage], ...seen, output };
  }

  /** Commands that lock the data folder and start nothing themselves, so that only recovery can have restored. */
  #nextArgs(): string[] {
    if (!this.#isKept) return ["stack", "down"];
    const file = join(this.#home, "next.yaml");
    writeFileSync(file, scenarioOf([{ wait: "1ms" }]));
    return ["run", file];
  }

  /** What is wrong now. */
  async damage(): Promise<string[]> {
    return this.#isKept ? this.#oracle.damage() : this.#oracle.remains();
  }

  async #runUntilKilled(file: string, { when, watchdogToo }: Kill) {
    const variables = {
      ...(typeof when === "string" ? { [KILL_POINT_VARIABLE]: when } : {}),
      ...(watchdogToo ? { [KILL_WATCHDOG_VARIABLE]: "1" } : {}),
    };
    const { child, ended } = this.#start(["run", file, ...this.#targetOptions()], variables, KILLABLE_LAB);
    if (typeof when === "object") {
      // While Node starts nothing is broken; bringing a stack up counts.
      const started = once(this.#isKept ? child.stdout : child, this.#isKept ? "data" : "spawn");
      await Promise.race([started.then(() => delay(when.afterMs)), ended]);
      killLab(child, watchdogToo);
    }
    const lastOutput = await ended;
    return { wasKilled: child.signalCode === "SIGKILL", lastOutput };
  }

  /** Polls until the repairing process has ended: until then a service that is about to exit appears healthy. */
  async #watch(sinceMs: number, nextStart: Promise<string> | undefined) {
    const isRepairing = repairing(this.#home, nextStart);
    let intactMs: number | undefined;
    let wasBroken = false;
    for (;;) {
      const isLast = !isRepairing() || performance.now() - sinceMs > REPAIR_LIMIT_MS;
      const damage = await this.damage();
      wasBroken ||= damage.length > 0;
      if (damage.length > 0) intactMs = undefined;
      else intactMs ??= performance.now();
      if (isLast) return { damage, wasBroken, restoredMs: (intactMs ?? performance.now()) - sinceMs };
      await delay(POLL_INTERVAL_MS);
    }
  }

  #lab(args: readonly string[]): Promise<string> {
    return this.#start(args).ended;
  }

  #targetOptions(): string[] {
    return ["--driver", this.#driver, "--ports", "auto"];
  }

  #start(args: readonly string[], variables: Record<string, string> = {}, program?: string): LabProcess {
    return startLab(this.#home, args, { ...variables, COMPOSE_PROJECT_NAME: this.#project }, program);
  }
}

function scenarioOf(method: readonly object[]): string {
  return JSON.stringify({
    id: "killed",
    title: "A run that is killed before its end",
    patterns: [],
    steadyState: [{ service: "payments-mcp", is: "up" }],
    method,
    expect: [{ mustNotInclude: ["delete_customer"] }],
  });
}

/** The lab is frozen first, so that it cannot start another watchdog. */
function killLab(lab: ChildProcess, watchdogToo: boolean): void {
  if (lab.pid === undefined || lab.exitCode !== null) return;
  if (watchdogToo) {
    lab.kill("SIGSTOP");
    for (const pid of watchdogsOf({ parent: lab.pid })) process.kill(pid, "SIGKILL");
  }
  lab.kill("SIGKILL");
}

function repairing(home: string, nextStart: Promise<string> | undefined): () => boolean {
  if (nextStart === undefined) return () => watchdogsOf({ home }).length > 0;
  let isRunning = true;
  void nextStart.finally(() => {
    isRunning = false;
  });
  return () => isRunning;
}
