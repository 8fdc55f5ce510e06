import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DockerOracle } from "./docker-oracle.ts";
import type { Oracle } from "./kill-oracle.ts";
import { KILL_POINT_VARIABLE, KILL_WATCHDOG_VARIABLE, type KillPoint } from "./kill-points.ts";
import { type LabProcess, startLab } from "./lab-process.ts";
import { ProcessOracle } from "./process-oracle.ts";
import { watchdogsOf } from "./process-table.ts";

const KILLABLE_LAB = join(import.meta.dirname, "..", "..", "..", "testing", "killable-lab.ts");
const LOOK_EVERY_MS = 20;
/** Bounds what hangs; what the lab promises is far below, and the times are told. */
const REPAIR_LIMIT_MS = 60_000;

export type Driver = "process" | "docker";

export interface Kill {
  /** A fault as a scenario writes it. */
  fault: Record<string, string>;
  /** A moment of the journal, or so long after the lab began: to bring its stack up, or else to run. */
  when: KillPoint | { afterMs: number };
  /** The watchdog dies with the lab, and the next start has to put everything back. */
  watchdogToo: boolean;
}

export interface Restoration {
  /** False when the lab had ended by itself before its time came. */
  wasKilled: boolean;
  /** What is still wrong; empty when all is put back. What the round before left, and only now shows, is among it. */
  damage: string[];
  /** Whether anything was seen to be wrong after the kill: a kill of a lab that had broken nothing proves little. */
  wasBroken: boolean;
  /** From the kill until nothing was wrong any more, by the oracle. */
  restoredMs: number;
  /** What the lab said until its end, and then the next start, where there was one. */
  said: string;
}

/** One data folder in which a lab is killed over and over. */
export class KillPlace {
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

  /** Brings a stack up that every round then breaks; without, each run brings up its own. */
  async keepStack(): Promise<void> {
    await this.#lab(["stack", "up", ...this.#place()]);
    await this.#oracle.learn();
    this.#isKept = true;
  }

  async close(): Promise<void> {
    await this.#lab(["stack", "down", "--volumes"]);
  }

  /** One run that is killed, and what became of what it had broken. */
  async kill(kill: Kill): Promise<Restoration> {
    const file = join(this.#home, "killed.yaml");
    const { fault } = kill;
    const late = (await this.damage()).map((what) => `left by the round before: ${what}`);
    writeFileSync(file, scenarioOf([{ fault }, { wait: "200ms" }, { undo: "all" }, { fault }, { wait: "200ms" }]));
    const { wasKilled, lastWords } = await this.#runUntilKilled(file, kill);
    const killedMs = performance.now();
    const nextStart = kill.watchdogToo ? this.#lab(this.#nextWords()) : undefined;
    const { damage, ...seen } = await this.#watch(killedMs, nextStart);
    const said = `${lastWords}${(await nextStart) ?? ""}`;
    return { wasKilled, damage: [...late, ...damage], ...seen, said };
  }

  /** Commands that take the data folder over and start nothing by themselves, so that only recovery can have helped. */
  #nextWords(): string[] {
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
    const { child, ended } = this.#start(["run", file, ...this.#place()], variables, KILLABLE_LAB);
    if (typeof when === "object") {
      // Starting Node takes a while in which there is nothing to break; bringing a stack up is another matter.
      const begun = once(this.#isKept ? child.stdout : child, this.#isKept ? "data" : "spawn");
      await Promise.race([begun.then(() => delay(when.afterMs)), ended]);
      endByForce(child, watchdogToo);
    }
    const lastWords = await ended;
    return { wasKilled: child.signalCode === "SIGKILL", lastWords };
  }

  /** Looks until whoever repairs has ended: a service that is about to die is still there, and looks well. */
  async #watch(sinceMs: number, nextStart: Promise<string> | undefined) {
    const isRepairing = repairing(this.#home, nextStart);
    let wholeMs: number | undefined;
    let wasBroken = false;
    for (;;) {
      const isLast = !isRepairing() || performance.now() - sinceMs > REPAIR_LIMIT_MS;
      const damage = await this.damage();
      wasBroken ||= damage.length > 0;
      if (damage.length > 0) wholeMs = undefined;
      else wholeMs ??= performance.now();
      if (isLast) return { damage, wasBroken, restoredMs: (wholeMs ?? performance.now()) - sinceMs };
      await delay(LOOK_EVERY_MS);
    }
  }

  #lab(words: readonly string[]): Promise<string> {
    return this.#start(words).ended;
  }

  #place(): string[] {
    return ["--driver", this.#driver, "--ports", "auto"];
  }

  #start(words: readonly string[], variables: Record<string, string> = {}, program?: string): LabProcess {
    return startLab(this.#home, words, { ...variables, COMPOSE_PROJECT_NAME: this.#project }, program);
  }
}

function scenarioOf(method: readonly object[]): string {
  return JSON.stringify({
    id: "killed",
    title: "A run that does not live to its end",
    patterns: [],
    steadyState: [{ service: "payments-mcp", is: "up" }],
    method,
    expect: [{ mustNotInclude: ["delete_customer"] }],
  });
}

/** A frozen lab cannot start another watchdog, so the two die as one. */
function endByForce(lab: ChildProcess, watchdogToo: boolean): void {
  if (lab.pid === undefined || lab.exitCode !== null) return;
  if (watchdogToo) {
    lab.kill("SIGSTOP");
    for (const pid of watchdogsOf({ parent: lab.pid })) process.kill(pid, "SIGKILL");
  }
  lab.kill("SIGKILL");
}

function repairing(home: string, nextStart: Promise<string> | undefined): () => boolean {
  if (nextStart === undefined) return () => watchdogsOf({ home }).length > 0;
  let isOn = true;
  void nextStart.finally(() => {
    isOn = false;
  });
  return () => isOn;
}
