import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { AbortScope } from "./abort-scope.ts";
import { systemClock } from "./clock.ts";
import type { LabEvent } from "./events/lab-event.ts";
import { type Inspection, inspectDamage } from "./faults/existing-damage.ts";
import type { MendParts } from "./faults/mend.ts";
import { type Restored, restoreDamage } from "./faults/restore-damage.ts";
import { History } from "./history/history.ts";
import { dataFolder, type LabHome, openHome } from "./home.ts";
import { FaultJournal } from "./journal/fault-journal.ts";
import {
  holderOf,
  type Journal,
  openJournal,
  openJournalToRead,
  RECOVERY_PURPOSE,
  takeHold,
} from "./journal/journal.ts";
import { isProtected, type RegisteredStack, StackRegister } from "./journal/stack-register.ts";
import { LabError } from "./lab-error.ts";
import { leftBehind } from "./left-behind.ts";
import { type Recovered, recover } from "./recovery.ts";
import { type LoadedScenario, loadFolder } from "./scenarios/load.ts";
import { type RunnerParts, type RunResult, runScenario } from "./scenarios/runner.ts";
import { containersOf } from "./stack/docker/compose-labels.ts";
import { connectEngine, type Engine } from "./stack/docker/engine.ts";
import { portsOfProject, stackOfProject } from "./stack/docker/found-project.ts";
import { holdProject } from "./stack/docker/project-hold.ts";
import type { VolumesToRemove } from "./stack/docker/take-down.ts";
import type { PortChoice } from "./stack/ports.ts";
import { thisProcess } from "./stack/process-identity.ts";
import { reloadStack } from "./stack/reload-stack.ts";
import { RunningStack, type StackProgress, takeDown } from "./stack/running-stack.ts";
import { loadStack, type Stack } from "./stack/stack-file.ts";
import { StackSecrets } from "./stack/stack-secrets.ts";
import { StrayErrors } from "./stray-errors.ts";
import { LAB_VERSION, PROJECT_FOLDER } from "./version.ts";
import { Watchdog } from "./watchdog/watchdog.ts";

const RECOVERY_LIMIT_MS = 60_000;
const HOLD_LOOK_MS = 50;

export const REFERENCE_STACK_FILE = join(PROJECT_FOLDER, "resources", "stack", "compose.yaml");
export const SHIPPED_SCENARIOS_FOLDER = join(PROJECT_FOLDER, "scenarios");

export function shippedScenarios(): LoadedScenario[] {
  return loadFolder(SHIPPED_SCENARIOS_FOLDER);
}

/** The engine, as every host uses it: opened on one data folder, able to read; {@link Lab.work} lets it break things. */
export class Lab {
  readonly home: LabHome;
  readonly history: History;
  /** Where a host reports the errors of its process that nothing has awaited. */
  readonly strays: StrayErrors;
  readonly #environment: NodeJS.ProcessEnv;
  #openedJournal: Journal | undefined;

  private constructor(home: LabHome, environment: NodeJS.ProcessEnv, strays: StrayErrors) {
    this.home = home;
    this.strays = strays;
    this.#environment = environment;
    this.history = new History(home.historyFile, thisProcess);
  }

  static open(environment: NodeJS.ProcessEnv, strays = new StrayErrors()): Lab {
    return new Lab(openHome(dataFolder(environment)), environment, strays);
  }

  /** What a person should know of how the data folder was found. */
  notices(): string[] {
    return putAside("run history", this.history.setAsideTo);
  }

  loadStack(file: string = REFERENCE_STACK_FILE): Stack {
    return loadStack(file, this.#environment);
  }

  /** Of `NAME=value` lines; there once a stack with secrets has been loaded. */
  get secretsFile(): string {
    return new StackSecrets(this.home.folder).file;
  }

  /**
   * The Docker engine that the environment names.
   * @throws LabError with the cure when there is none that can be used, or one elsewhere that may not be
   */
  connectDocker(allowRemote: boolean): Promise<Engine> {
    return connectEngine(this.#environment, allowRemote);
  }

  /** The stack of a compose project that is up, by its name. */
  stackOfProject(engine: Engine, project: string, file: string | undefined): Promise<Stack> {
    return stackOfProject(engine.docker, project, file, this.#environment);
  }

  /** A stack that is up and stays up, if there is one. Only for looking at: to change it, {@link Lab.work}. */
  async look<Value>(use: (running: RunningStack | undefined) => Promise<Value>): Promise<Value> {
    const journal = openJournalToRead(this.home.journalFile);
    let running: RunningStack | undefined;
    try {
      const register = new StackRegister(journal);
      const registered = register.list().find(isLeftUp);
      if (registered !== undefined) {
        const stack = reloadStack(registered, this.#environment);
        running = RunningStack.attach(stack, registered, register, this.home.stacksFolder);
      }
      return await use(running);
    } finally {
      await running?.close();
      journal.close();
    }
  }

  /** {@link leftBehind}, of this data folder. */
  leftBehind(): string[] {
    const journal = openJournalToRead(this.home.journalFile);
    try {
      return leftBehind(journal);
    } finally {
      journal.close();
    }
  }

  /** What of a stack is not as it should be, faults in force among it. */
  async inspect(running: RunningStack): Promise<Inspection> {
    const journal = openJournalToRead(this.home.journalFile);
    try {
      const faults = new FaultJournal(journal);
      return await inspectDamage(running, () => faults.open(running.registered.id));
    } finally {
      journal.close();
    }
  }

  /**
   * Takes the data folder for this process and puts back what a dead lab left, then lets `use` break things.
   * @throws LabError `busy` when another living lab has it
   */
  async work<Value>(purpose: string, signal: AbortSignal, use: (bench: Workbench) => Promise<Value>): Promise<Value> {
    const letGo = await this.#takeHold(purpose, signal);
    const watchdog = new Watchdog(this.home, this.#environment);
    try {
      const damaged = putAside("fault journal", this.#journal.setAsideTo).map((what) => ({ what, isRestored: true }));
      const recovered = [...damaged, ...(await recover(this.#mendParts(), signal))];
      const interrupted = await this.history.endOrphans();
      const bench = new Workbench(this, this.#journal, this.#environment, { recovered, interrupted });
      return await use(bench);
    } finally {
      await watchdog.dismiss().finally(letGo);
    }
  }

  /** A watchdog that is putting things back is soon done. */
  async #takeHold(purpose: string, signal: AbortSignal): Promise<() => void> {
    const scope = new AbortScope(signal, RECOVERY_LIMIT_MS);
    try {
      for (;;) {
        try {
          return takeHold(this.#journal, thisProcess, purpose, systemClock.wallMs());
        } catch (error) {
          if (scope.signal.aborted || holderOf(this.#journal)?.purpose !== RECOVERY_PURPOSE) throw error;
          await systemClock.sleep(HOLD_LOOK_MS, signal);
        }
      }
    } finally {
      scope.end();
    }
  }

  /** Opened when it is first needed: reading past runs must not depend on being able to write. */
  get #journal(): Journal {
    this.#openedJournal ??= openJournal(this.home.journalFile);
    return this.#openedJournal;
  }

  #mendParts(): MendParts {
    return {
      register: new StackRegister(this.#journal),
      faults: new FaultJournal(this.#journal),
      stacksFolder: this.home.stacksFolder,
      environment: this.#environment,
    };
  }

  close(): void {
    try {
      this.history.close();
    } finally {
      this.#openedJournal?.close();
    }
  }
}

/** Brought up by `stack up`: one that was only found up is not this lab's to use again or take down. */
function isLeftUp({ kept, attached }: RegisteredStack): boolean {
  return kept && !attached;
}

function putAside(what: string, file: string | undefined): string[] {
  return file === undefined ? [] : [`the ${what} was damaged; it was put aside, whole, as ${file} and a new one begun`];
}

export interface StackWish {
  stack: Stack;
  ports: PortChoice;
  /** Stays up after the lab has ended. */
  kept: boolean;
  /** Where to run it; absent for processes on this machine. */
  engine?: Engine | undefined;
  signal: AbortSignal;
  report?: (progress: StackProgress) => void;
}

/** A lab that holds its data folder: the only one that may change a stack. */
export class Workbench {
  readonly recovered: readonly Recovered[];
  /** Runs that an earlier lab did not live to end. */
  readonly interrupted: number;
  readonly #lab: Lab;
  readonly #register: StackRegister;
  readonly #faults: FaultJournal;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(
    lab: Lab,
    journal: Journal,
    environment: NodeJS.ProcessEnv,
    found: { recovered: readonly Recovered[]; interrupted: number },
  ) {
    this.#lab = lab;
    this.#register = new StackRegister(journal);
    this.#faults = new FaultJournal(journal);
    this.#environment = environment;
    this.recovered = found.recovered;
    this.interrupted = found.interrupted;
  }

  /**
   * The stack that `stack up` left, if any.
   * @throws LabError when it is another one than the one asked for
   */
  kept(stack: Stack, driver?: "process" | "docker"): RunningStack | undefined {
    const registered = this.#register.list().find(isLeftUp);
    if (registered === undefined) return undefined;
    const itsDriver = registered.docker === undefined ? "process" : "docker";
    // Another project on Docker is no obstacle: it does not need what this one uses.
    if (driver === "docker" && itsDriver === "docker" && registered.project !== stack.project) return undefined;
    if (registered.file === stack.file && (driver ?? itsDriver) === itsDriver) {
      return RunningStack.attach(stack, registered, this.#register, this.#lab.home.stacksFolder);
    }
    throw new LabError("busy", `another stack is up: ${registered.file}, by the ${itsDriver} driver`, {
      cure: "take it down first with `resilience-lab stack down`",
    });
  }

  /** The stack that `stack up` left, whichever it is. */
  leftUp(): RunningStack | undefined {
    const registered = this.#register.list().find(isLeftUp);
    if (registered === undefined) return undefined;
    const stack = reloadStack(registered, this.#environment);
    return RunningStack.attach(stack, registered, this.#register, this.#lab.home.stacksFolder);
  }

  /** Restores what someone else has damaged on a stack of this lab's. Faults of the journal have undos of their own. */
  async restore(running: RunningStack, signal: AbortSignal): Promise<Restored[]> {
    const { damage } = await this.#lab.inspect(running);
    return restoreDamage(
      damage.filter(({ is }) => is !== "fault" && is !== "undeclared"),
      running,
      signal,
    );
  }

  /** Takes down the stack that `stack up` left; false when there is none. */
  async down(report: (progress: StackProgress) => void, volumes: VolumesToRemove = "own"): Promise<boolean> {
    const registered = this.#register.list().find(isLeftUp);
    if (registered === undefined) return false;
    await takeDown(registered, this.#register, this.#lab.home.stacksFolder, { report, volumes });
    this.#faults.forget(registered.id);
    return true;
  }

  /** @throws LabError `busy` when the project is up already or another lab works on it */
  async up(wish: StackWish): Promise<RunningStack> {
    const { stack, engine } = wish;
    const letGo = engine === undefined ? () => {} : await this.#holdToBringUp(stack, engine);
    try {
      const running = await RunningStack.up(stack, {
        register: this.#register,
        stacksFolder: this.#lab.home.stacksFolder,
        ports: wish.ports,
        kept: wish.kept,
        environment: this.#environment,
        signal: wish.signal,
        ...(engine === undefined ? {} : { engine }),
        ...(wish.report === undefined ? {} : { report: wish.report }),
      });
      running.atEnd(letGo);
      return running;
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async #holdToBringUp({ project }: Stack, { docker, address }: Engine): Promise<() => void> {
    const letGo = await holdProject(address.host, project, "bringing it up");
    const present = await containersOf(docker, project).catch((error: unknown) => {
      letGo();
      throw error;
    });
    if (present.length === 0) return letGo;
    letGo();
    throw new LabError("busy", `project ${project} is already up on this engine, and not by this lab`, {
      cure: `\`run --project ${project}\` uses it as it is; docker compose -p ${project} down removes it`,
    });
  }

  /**
   * A project that someone else has brought up, to be broken, put back and left as it was found; undefined when nothing
   * of it is there.
   */
  async attach(stack: Stack, engine: Engine): Promise<RunningStack | undefined> {
    const letGo = await holdProject(engine.address.host, stack.project, "attached to it");
    try {
      const ports = await portsOfProject(engine.docker, stack);
      if (ports === undefined) {
        letGo();
        return undefined;
      }
      const registered: RegisteredStack = {
        id: `${stack.project}-${randomUUID().slice(0, 8)}`,
        project: stack.project,
        file: stack.file,
        kept: true,
        attached: true,
        docker: { engine: engine.address, networks: [], volumes: [] },
        ports,
        without: [],
      };
      this.#register.add(registered);
      const running = RunningStack.attach(stack, registered, this.#register, this.#lab.home.stacksFolder);
      running.atEnd(() => {
        letGo();
        // What could not be put back is kept on record: the next start tries again.
        if (this.#faults.open(registered.id).length > 0 || !isProtected(registered)) return;
        this.#register.remove(registered.id);
        this.#faults.forget(registered.id);
      });
      return running;
    } catch (error) {
      letGo();
      throw error;
    }
  }

  run(
    loaded: LoadedScenario,
    stack: RunningStack,
    signal: AbortSignal,
    listen: (event: LabEvent) => void,
    options: Pick<RunnerParts, "acceptExisting" | "keepRaw"> = {},
  ): Promise<RunResult> {
    const parts = {
      ...options,
      stack,
      history: this.#lab.history,
      journal: this.#faults,
      clock: systemClock,
      labVersion: LAB_VERSION,
      strays: this.#lab.strays,
    };
    return runScenario(loaded, parts, signal, listen);
  }
}
