import { type ChildProcessByStdio, spawn } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { TestContext } from "vitest";

const LAUNCHER = join(import.meta.dirname, "..", "..", "electron", "hosts", "launch.mjs");

/** Only here can what is left running be asked of the system; elsewhere such tests are skipped, and said to be. */
export const HAS_PROCESS_TABLE = process.platform === "linux";

/** Tests that mostly wait, each for a lab of its own. */
export const TOGETHER = { concurrent: true, timeout: 300_000 };

/** With its own folder for everything, as a person on a machine of their own. */
export class TerminalLab {
  readonly folder = mkdtempSync(join(tmpdir(), "resilience-lab-e2e-"));
  /** RESILIENCE_LAB_HOME. */
  readonly home = join(this.folder, "home");
  /** Handed on to every process of a stack: how the process table tells ours from those of others. */
  readonly #temporary = join(this.folder, "tmp");

  constructor() {
    mkdirSync(this.#temporary);
  }

  /** One that is cleared away when the test has ended, whatever its outcome. */
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

  /** One of the secrets that this lab has made. */
  secret(name: string): string {
    const text = readFileSync(join(this.home, "secrets.env"), "utf8");
    return new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1] ?? "";
  }

  /** `resilience-lab WORDS`, its output in pipes. */
  start(...words: string[]): Session {
    return this.startAs(undefined, ...words);
  }

  /** The same as another user, by number. */
  startAs(user: number | undefined, ...words: string[]): Session {
    return this.#start(user, [process.execPath, LAUNCHER, ...words]);
  }

  /** The same with no file allowed to grow by a byte, which is how a full disk looks to it. */
  startOnFullDisk(user: number | undefined, ...words: string[]): Session {
    const script = `trap "" XFSZ; ulimit -f 0; exec "$@"`;
    return this.#start(user, ["/bin/sh", "-c", script, "sh", process.execPath, LAUNCHER, ...words]);
  }

  #start(user: number | undefined, [program = "", ...words]: readonly string[]): Session {
    const { PATH, HOME } = process.env;
    const child = spawn(program, words, {
      cwd: this.folder,
      env: { PATH, HOME, TMPDIR: this.#temporary, RESILIENCE_LAB_HOME: this.home },
      stdio: ["ignore", "pipe", "pipe"],
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    return new Session(child);
  }

  /** Everything of this lab but some files, as if the user had made it. */
  giveTo(user: number, but: readonly string[]): void {
    const all = readdirSync(this.folder, { recursive: true, encoding: "utf8" }).map((name) => join(this.folder, name));
    for (const file of [this.folder, ...all]) if (!but.includes(file)) chownSync(file, user, user);
  }

  /** {@link start}, until it has ended. */
  run(...words: string[]): Promise<Ended> {
    return this.start(...words).ended;
  }

  /**
   * The processes of this lab's stacks that the system knows of, as their command lines: asked of the process table and
   * not of the lab.
   */
  processes(): Process[] {
    return this.#ours(true);
  }

  /** Ends the lab and whatever watches over it, as a power cut does; the stack alone runs on. */
  async cutPower(): Promise<void> {
    killAll(this.#ours(false));
    await until("the lab and its watchdog are gone", () => this.#ours(false).length === 0);
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

  async clear(): Promise<void> {
    await this.cutPower();
    killAll(this.processes());
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Looks until it is so; for tests that run together, whose `expect` has no eye on them. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > limitMs) throw new Error(`waited in vain until ${what}`);
    await delay(20);
  }
}

function killAll(processes: readonly Process[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // ended by itself meanwhile
    }
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

/** A lab at work. */
export class Session {
  out = "";
  err = "";
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;

  constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.err += text;
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => resolve({ code, signal, out: this.out, err: this.err }));
    });
  }

  async says(text: string | RegExp): Promise<void> {
    const hasSaid = () =>
      typeof text === "string" ? `${this.out}${this.err}`.includes(text) : text.test(this.out + this.err);
    await until(`the lab says ${text}; it said:\n${this.out}${this.err}`, hasSaid);
  }

  /** Ctrl-C, and how the lab then ended. */
  interrupt(): Promise<Ended> {
    this.#child.kill("SIGINT");
    return this.ended;
  }

  /** SIGKILL: nothing of the lab's own is done any more. */
  die(): Promise<Ended> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }
}
