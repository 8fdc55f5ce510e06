import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { compileCache } from "../compile-cache.ts";
import type { Launch, RegisteredProcess, StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { familyOf } from "../process-family.ts";
import { identify, isPaused, isSameProcess, type ProcessIdentity, thisProcess } from "../process-identity.ts";
import type { ServiceState, StackDriver } from "./driver.ts";
import { ProcessExits } from "./process-exits.ts";

/** In the environment of every process of a stack: finds what was started but not yet written down. */
export const STACK_MARK = "RESILIENCE_LAB_STACK";
/** Beside it: which of its services. */
const SERVICE_MARK = "RESILIENCE_LAB_SERVICE";

const POLL_INTERVAL_MS = 10;
/** SIGKILL needs no consent; what is there after this waits in the kernel, and a person has to look. */
const KILL_LIMIT_MS = 5_000;
/** The kernel does it in moments, unless somebody undoes it, a halt for instance, or a debugger has the process. */
const PAUSE_LIMIT_MS = 2_000;
/** A start takes a few milliseconds: whoever has not written its end after this long hangs. */
const START_LIMIT_MS = 5_000;

/** Services as child processes on loopback, each with its output in files so that it outlives the lab. */
export class ProcessDriver implements StackDriver {
  readonly kind = "process";
  readonly #stackId: string;
  readonly #register: StackRegister;
  readonly #exits = new ProcessExits();

  constructor(stackId: string, register: StackRegister) {
    this.#stackId = stackId;
    this.#register = register;
  }

  /** Called with each service whose process has ended, however: also of those that an earlier lab has started. */
  onExit(listener: (service: string) => void): () => void {
    for (const { service, identity } of this.#register.processes(this.#stackId)) {
      if (identity !== undefined && isSameProcess(identity)) this.#exits.adopt(service, identity);
    }
    return this.#exits.listen(listener);
  }

  async stateOf(service: string): Promise<ServiceState> {
    const { identity } = this.#entry(service);
    if (identity === undefined || !isSameProcess(identity)) return { is: "stopped" };
    return { is: isPaused(identity) ? "paused" : "running", identity: { kind: "process", ...identity } };
  }

  async replicas(service: string) {
    return [{ state: await this.stateOf(service), name: service }];
  }

  async start(service: string): Promise<void> {
    this.#entry(service);
    const limit = performance.now() + START_LIMIT_MS;
    for (;;) {
      const isLate = performance.now() > limit;
      const claimed = this.#claim(service, isLate);
      if (claimed !== undefined) return this.#startClaimed(service, claimed);
      const living = this.#living(service);
      if (living !== undefined) return this.#exits.adopt(service, living);
      await delay(POLL_INTERVAL_MS); // another is starting it
    }
  }

  #claim(service: string, isLate: boolean): RegisteredProcess | undefined {
    try {
      return this.#register.claimStart(this.#stackId, service, thisProcess, (found) => isFree(found, isLate));
    } catch (error) {
      const what = `${service} is not started, since its start cannot be written in the journal: ${messageOf(error)}`;
      throw new LabError("read-only", what, {
        hint: "make space in the data folder, or make it writable, and try again",
        cause: error,
      });
    }
  }

  async #startClaimed(service: string, { launch, starter }: RegisteredProcess): Promise<void> {
    let identity: ProcessIdentity | undefined;
    try {
      // An earlier starter died, or froze, with the process perhaps begun and not yet written down.
      if (starter !== undefined) await this.#endUnknown(service);
      identity = identify(await this.#spawn(service, launch));
    } finally {
      const isMine = this.#register.endStart(this.#stackId, service, thisProcess, identity);
      if (!isMine && identity !== undefined) await killFamily(identity, service);
    }
  }

  async #endUnknown(service: string): Promise<void> {
    for (const identity of processesOfStack(this.#stackId, service)) await killFamily(identity, service);
  }

  async stop(service: string): Promise<void> {
    const { launch } = this.#entry(service);
    const identity = this.#living(service);
    if (identity === undefined) return;
    const family = familyOf(identity.pid).flatMap((pid) => identify(pid) ?? []);
    signalFamily(identity, "SIGCONT");
    signalOne(identity.pid, launch.stopSignal);
    if (!(await isGone(identity, launch.stopGraceMs))) return this.kill(service);
    // What its first process had started and left behind has lost the one that would have ended it.
    for (const left of family) if (isSameProcess(left)) await killFamily(left, service);
  }

  async kill(service: string): Promise<void> {
    const identity = this.#living(service);
    if (identity !== undefined) await killFamily(identity, service);
  }

  async pause(service: string): Promise<void> {
    const identity = this.#living(service);
    if (identity === undefined) return;
    signalFamily(identity, "SIGSTOP");
    const limit = performance.now() + PAUSE_LIMIT_MS;
    while (isSameProcess(identity) && !isPaused(identity)) {
      if (performance.now() > limit) throw restless(service, identity, "paused");
      await delay(1);
    }
  }

  async resume(service: string): Promise<void> {
    const identity = this.#living(service);
    if (identity === undefined) return;
    const limit = performance.now() + PAUSE_LIMIT_MS;
    do {
      // Again each time: a pause that was on its way may come after the first.
      signalFamily(identity, "SIGCONT");
      if (performance.now() > limit) throw restless(service, identity, "resumed");
      await delay(1);
    } while (isSameProcess(identity) && isPaused(identity));
  }

  async disconnect(service: string): Promise<void> {
    throw new LabError(
      "unsupported",
      `${service} is a process on this machine: it has no network to be disconnected from`,
      {
        hint: {
          terminal: "run the stack on Docker (--driver docker), or use a link fault such as down",
          window: "use a link fault such as down",
        },
      },
    );
  }

  /** Never disconnected, so there is nothing to connect again. */
  async reconnect(): Promise<void> {}

  #entry(service: string) {
    const entry = this.#register.process(this.#stackId, service);
    if (entry) return entry;
    throw new LabError("bad-input", `${service} is not run by this lab`, {
      hint: "give it x-lab.process in the stack file, or run the stack on Docker",
    });
  }

  #living(service: string): ProcessIdentity | undefined {
    const { identity } = this.#entry(service);
    return identity && isSameProcess(identity) ? identity : undefined;
  }

  #spawn(service: string, launch: Launch): Promise<number> {
    const [program = "", ...rest] = launch.command;
    const stdout = openSync(launch.logFile.stdout, "a", 0o600);
    const stderr = openSync(launch.logFile.stderr, "a", 0o600);
    return new Promise<number>((resolve, reject) => {
      const isNode = program === "node";
      const child = spawn(isNode ? process.execPath : program, rest, {
        cwd: launch.folder,
        env: {
          ...(isNode ? compileCache() : {}),
          ...launch.environment,
          [STACK_MARK]: this.#stackId,
          [SERVICE_MARK]: service,
        },
        stdio: ["ignore", stdout, stderr],
        // A group of its own: Ctrl-C in the terminal reaches the lab, which then stops the services in order.
        detached: true,
      });
      child.once("spawn", () => resolve(child.pid as number));
      child.once("error", (error) =>
        reject(new LabError("bad-input", `${service} cannot be started: ${messageOf(error)}`, { cause: error })),
      );
      this.#exits.follow(service, child);
      child.unref();
    }).finally(() => {
      closeSync(stdout);
      closeSync(stderr);
    });
  }
}

/** Nobody else is starting it, as far as can be told, and it does not run. */
function isFree({ identity, starter }: RegisteredProcess, isLate: boolean): boolean {
  if (identity !== undefined && isSameProcess(identity)) return false;
  return starter === undefined || isLate || !isSameProcess(starter) || isPaused(starter);
}

/**
 * Processes that carry the mark of a stack, or of one service of it, also those that no register knows of. Linux only;
 * elsewhere none are found.
 */
export function processesOfStack(stackId: string, service?: string): ProcessIdentity[] {
  if (process.platform !== "linux") return [];
  const marks = [`${STACK_MARK}=${stackId}`, ...(service === undefined ? [] : [`${SERVICE_MARK}=${service}`])];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && hasMarks(name, marks))
    .flatMap((name) => identify(Number(name)) ?? []);
}

function hasMarks(pid: string, marks: readonly string[]): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return marks.every((mark) => variables.includes(mark));
  } catch {
    return false;
  }
}

export async function killFamily(identity: ProcessIdentity, name: string): Promise<void> {
  signalFamily(identity, "SIGKILL");
  if (await isGone(identity, KILL_LIMIT_MS)) return;
  throw new LabError("residue", `${name} (process ${identity.pid}) is still there ${KILL_LIMIT_MS} ms after SIGKILL`, {
    hint: "look at it with ps; it may wait for a disk",
  });
}

function restless(service: string, { pid }: ProcessIdentity, wanted: "paused" | "resumed"): LabError {
  return new LabError("precondition", `${service} (process ${pid}) does not stay ${wanted}`, {
    hint: "see who else signals it; a debugger or strace that is attached to it keeps it from being paused",
  });
}

function signalFamily(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  for (const pid of familyOf(identity.pid)) signalOne(pid, signal);
}

/** A process that has just ended needs no signal; anything else that goes wrong is real. */
function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function isGone(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const limit = performance.now() + limitMs;
  while (isSameProcess(identity)) {
    if (performance.now() > limit) return false;
    await delay(POLL_INTERVAL_MS);
  }
  return true;
}
