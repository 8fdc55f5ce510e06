import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { compileCache } from "../compile-cache.ts";
import type { LabHome } from "../home.ts";
import { thisProcess } from "../process-identity.ts";
import { BEAT, BEAT_EVERY_MS, GOODBYE, STAY } from "./heartbeat.ts";

const MAIN_FILE = join(import.meta.dirname, "main.ts");
const LOG_LIMIT_BYTES = 256 * 1024;
/** How often a watchdog that dies is replaced; after that the next start still restores everything. */
const REPLACEMENTS_LIMIT = 5;
/** The watchdog exits at once on the good-bye; one that does not is frozen, and is killed so that the lab can exit. */
const GOODBYE_LIMIT_MS = 2_000;

/** The lab's side of its watchdog: starts it, sends the heartbeat, replaces it when it dies, and dismisses it at the end. */
export class Watchdog {
  readonly #home: LabHome;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #timer: NodeJS.Timeout;
  #child: ChildProcess | undefined;
  #replacements = 0;
  #isDismissed = false;

  constructor(home: LabHome, environment: NodeJS.ProcessEnv) {
    this.#home = home;
    this.#environment = environment;
    this.#spawn();
    this.#timer = setInterval(() => this.#child?.stdin?.write(BEAT), BEAT_EVERY_MS).unref();
  }

  /**
   * Ends the watchdog once everything is restored, or left up on purpose.
   * @param stays it watches the standing faults instead, and ends when none is in force
   */
  async dismiss({ stays = false } = {}): Promise<void> {
    this.#isDismissed = true;
    clearInterval(this.#timer);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (stays) {
      await new Promise<void>((resolve) => {
        child.stdin?.once("close", resolve);
        child.stdin?.end(STAY);
      });
      return;
    }
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.ref();
    child.stdin?.end(GOODBYE);
    const late = setTimeout(() => child.kill("SIGKILL"), GOODBYE_LIMIT_MS);
    await gone;
    clearTimeout(late);
  }

  #spawn(): void {
    const logFile = join(this.#home.folder, "watchdog.log");
    shorten(logFile);
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(
      process.execPath,
      [MAIN_FILE, this.#home.folder, String(thisProcess.pid), thisProcess.startedAt],
      {
        stdio: ["pipe", log, log],
        env: { ...compileCache(), ...this.#environment, NODE_NO_WARNINGS: "1" },
        cwd: this.#home.folder,
        detached: true,
      },
    );
    closeSync(log);
    child.once("error", () => this.#replace());
    child.once("exit", () => this.#replace());
    child.stdin?.on("error", () => {}); // it has died; handled on exit
    child.unref();
    if (child.stdin && "unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
    this.#child = child;
  }

  #replace(): void {
    if (this.#isDismissed || this.#replacements >= REPLACEMENTS_LIMIT) return;
    this.#replacements++;
    this.#spawn();
  }
}

function shorten(file: string): void {
  try {
    if (statSync(file).size > LOG_LIMIT_BYTES) truncateSync(file);
  } catch {
    // no log file yet
  }
}
