import { type ChildProcessByStdio, spawn } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { TestContext } from "vitest";
import { cutPower } from "../../electron/testing/cut-power.ts";
import { labProgram } from "../../electron/testing/lab-program.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
const LAUNCHER = labProgram("launch");

/** Only here can running processes be read from the system; elsewhere such tests are reported as skipped. */
export const HAS_PROCESS_TABLE = process.platform === "linux";

/** Tests that mostly wait, each for its own lab. */
export const TOGETHER = { concurrent: true };

/** A lab with its own folder for everything. */
export class TerminalLab {
  readonly folder = mkdtempSync(join(tmpdir(), "resilience-lab-e2e-"));
  /** RESILIENCE_LAB_HOME. */
  readonly home = join(this.folder, "home");
  /** In the environment of every process of a stack: identifies this lab's processes in the process table. */
  readonly #temporary = join(this.folder, "tmp");
  readonly #variables: NodeJS.ProcessEnv;
  readonly #sessions: Session[] = [];

  /** @param variables for the lab, besides those that it needs */
  constructor(variables: NodeJS.ProcessEnv = {}) {
    this.#variables = variables;
    mkdirSync(this.#temporary);
  }

  /** A lab that is removed when the test ends, whatever its outcome. */
  static for({ onTestFinished }: Pick<TestContext, "onTestFinished">): TerminalLab {
    const lab = new TerminalLab();
    onTestFinished(() => lab.clear());
    return lab;
  }

  /** A file in this lab's folder; returns its path. */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  /** A secret that this lab created. */
  secret(name: string): string {
    const text = readFileSync(join(this.home, "secrets.env"), "utf8");
    return new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1] ?? "";
  }

  /** `resilience-lab ARGS`, its output in pipes. */
  start(...args: string[]): Session {
    return this.startAs(undefined, ...args);
  }

  /** The same as another user, by uid. */
  startAs(user: number | undefined, ...args: string[]): Session {
    return this.#start(user, args, [process.execPath, LAUNCHER]);
  }

  /** The same with a file size limit of zero, which simulates a full disk. */
  startOnFullDisk(user: number | undefined, ...args: string[]): Session {
    const script = `trap "" XFSZ; ulimit -f 0; exec "$@"`;
    return this.#start(user, args, ["/bin/sh", "-c", script, "sh", process.execPath, LAUNCHER]);
  }

  /** `npm run --silent lab -- ARGS`, as a person types it in the project's folder; until it has ended. */
  runByNpm(...args: string[]): Promise<Ended> {
    return this.#start(undefined, args, ["npm", "run", "--silent", "lab", "--"], PROJECT).ended;
  }

  #start(
    user: number | undefined,
    args: readonly string[],
    [program = "", ...before]: readonly string[],
    cwd = this.folder,
  ): Session {
    const { PATH, HOME } = process.env;
    const child = spawn(program, [...before, ...args], {
      cwd,
      env: { ...this.#variables, PATH, HOME, TMPDIR: this.#temporary, RESILIENCE_LAB_HOME: this.home },
      stdio: ["ignore", "pipe", "pipe"],
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    const session = new Session(args, child);
    this.#sessions.push(session);
    return session;
  }

  /** Changes the owner of all files of this lab except some. */
  giveTo(user: number, but: readonly string[]): void {
    const all = readdirSync(this.folder, { recursive: true, encoding: "utf8" }).map((name) => join(this.folder, name));
    for (const file of [this.folder, ...all]) if (!but.includes(file)) chownSync(file, user, user);
  }

  /** {@link start}, until it has ended. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /**
   * The command lines of the running processes of this lab's stacks: read from the process table and not from the lab.
   */
  processes(): Process[] {
    return this.#ours(true);
  }

  /** Kills the lab and its watchdog, as a power cut would; only the stack keeps running. */
  async cutPower(): Promise<void> {
    await cutPower(() => this.#ours(false).map(({ pid }) => pid));
  }

  #ours(ofStack: boolean): Process[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const variables = readProcess(name, "environ").split("\0");
        const isOurs = variables.includes(`TMPDIR=${this.#temporary}`);
        const isOfStack = variables.some((variable) => variable.startsWith("RESILIENCE_LAB_STACK="));
        if (!isOurs || isOfStack !== ofStack) return [];
        return [{ pid: Number(name), command: readProcess(name, "cmdline").replaceAll("\0", " ").trim() }];
      });
  }

  /** Kills all that is left of this lab. A command that is still running is reported: a test that timed out waited for it. */
  async clear(): Promise<void> {
    for (const session of this.#sessions) {
      if (!session.isRunning) continue;
      console.error(session.report());
      session.kill();
    }
    await this.cutPower();
    await cutPower(() => this.processes().map(({ pid }) => pid));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Polls until the condition is true; for concurrent tests, in which `expect.poll` is not available. */
export async function until(what: string | (() => string), isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + 240_000;
  while (!(await isSo())) {
    if (performance.now() > limitMs) {
      throw new Error(`timed out waiting until ${typeof what === "string" ? what : what()}`);
    }
    await delay(20);
  }
}

function readProcess(pid: string, file: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // ended since, or one that cannot be looked into and so is none of ours
  }
}

export interface Process {
  pid: number;
  command: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Of each output of a command, the last characters that are reported. */
const REPORTED = 4_000;

/** A running command. */
export class Session {
  out = "";
  err = "";
  /** Until its process has exited and nobody holds its outputs open any more. */
  isRunning = true;
  readonly ended: Promise<Ended>;
  readonly #startedMs = performance.now();
  readonly #args: readonly string[];
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;

  constructor(args: readonly string[], child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#args = args;
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.isRunning = false;
        resolve({ code, signal, out: this.out, err: this.err });
      });
    });
  }

  async prints(text: string | RegExp): Promise<void> {
    const hasPrinted = () =>
      typeof text === "string" ? `${this.out}${this.err}`.includes(text) : text.test(this.out + this.err);
    await until(() => `the lab prints ${text}; its output:\n${this.out}${this.err}`, hasPrinted);
  }

  /** Sends SIGINT and waits for the end. */
  interrupt(): Promise<Ended> {
    this.#child.kill("SIGINT");
    return this.ended;
  }

  /** SIGKILL: the lab cannot clean up. */
  die(): Promise<Ended> {
    this.kill();
    return this.ended;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** What ran, for how long, and what it printed. */
  report(): string {
    const { pid, exitCode, signalCode } = this.#child;
    const exit = exitCode ?? signalCode;
    const state = exit === null ? "still running" : `exited (${exit}), its outputs still open`;
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    const outputs = [`stdout:\n${this.out.slice(-REPORTED)}`, `stderr:\n${this.err.slice(-REPORTED)}`];
    return [`${state} after ${seconds} s: resilience-lab ${this.#args.join(" ")} (process ${pid})`, ...outputs].join(
      "\n",
    );
  }
}
