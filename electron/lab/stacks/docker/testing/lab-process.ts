import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { cutPower } from "../../../../testing/cut-power.ts";
import { labProgram } from "../../../../testing/lab-program.ts";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";

const LAUNCHER = labProgram("launch");

/** A look goes through every process of the machine. */
const POLL_INTERVAL_MS = 200;

/** `resilience-lab` as a process of its own with a data folder of its own. Ended when the test has. */
export class LabProcess {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #mark = randomUUID();

  readonly #before: readonly string[];
  readonly #program: string;

  /** @param before a command, with its words, that the lab is started by */
  constructor(environment: NodeJS.ProcessEnv = {}, before: readonly string[] = [], program: string = LAUNCHER) {
    this.#before = before;
    this.#program = program;
    const home = temporaryFolder();
    this.#environment = { ...process.env, RESILIENCE_LAB_HOME: home, ...environment, LABTEST_MARK: this.#mark };
    onTestFinished(() => this.cutPower());
  }

  /** Begins a command; what it has said so far can be looked at, and its exit code awaited. */
  start(...words: string[]) {
    const [program = "", ...rest] = [...this.#before, process.execPath, this.#program, ...words];
    const child = spawn(program, rest, {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
    }
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    return {
      said: () => said,
      ended,
      says: (pattern: RegExp) => expect.poll(() => said).toMatch(pattern),
      interrupt: () => child.kill("SIGINT"),
      /** SIGKILL for the lab alone: its watchdog lives on. */
      kill: () => child.kill("SIGKILL"),
    };
  }

  async run(...words: string[]): Promise<{ code: number | null; said: string }> {
    const session = this.start(...words);
    return { code: await session.ended, said: session.said() };
  }

  /** SIGKILL for the lab and for whatever watches over it, as a power cut does; containers run on. */
  async cutPower(): Promise<void> {
    await cutPower(() => this.#processes());
  }

  /** The lab and its watchdog stop in their tracks. */
  freeze(): void {
    for (const pid of this.#processes()) process.kill(pid, "SIGSTOP");
  }

  /** Waits until every process of it has ended by itself, the watchdog too. */
  async ended(): Promise<void> {
    await expect.poll(() => this.#processes(), { interval: POLL_INTERVAL_MS }).toEqual([]);
  }

  #processes(): number[] {
    const mark = `LABTEST_MARK=${this.#mark}`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(mark))
      .map(Number);
  }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
