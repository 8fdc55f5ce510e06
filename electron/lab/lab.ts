import type { BatchPlace } from "../contract/runs.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { AbortScope } from "./abort-scope.ts";
import { systemClock } from "./clock.ts";
import { type Inspection, inspectDamage } from "./faults/existing-damage.ts";
import type { FaultSpec } from "./faults/fault-spec.ts";
import { applyStanding } from "./faults/standing-fault.ts";
import { type UndoParts, undoOpenFaults } from "./faults/undo-open-faults.ts";
import type { StoreLocation } from "./history/history-threads.ts";
import { onStoreChange } from "./history/on-store-change.ts";
import { openQueueStore } from "./history/open-queue-store.ts";
import { openRunStore } from "./history/open-run-store.ts";
import type { QueueStore } from "./history/queue-store.ts";
import type { RunStore } from "./history/run-store.ts";
import { storeLocation } from "./history/store-location.ts";
import { dataFolder, type LabHome, openHome } from "./home.ts";
import { FaultJournal, type OpenFault } from "./journal/fault-journal.ts";
import {
  acquireLock,
  type Journal,
  lockOwnerOf,
  openJournal,
  openJournalToRead,
  RECOVERY_PURPOSE,
} from "./journal/journal.ts";
import { type RegisteredStack, StackRegister } from "./journal/stack-register.ts";
import { StackSecrets } from "./journal/stack-secrets.ts";
import { LabError, messageOf } from "./lab-error.ts";
import { thisProcess } from "./process-identity.ts";
import { type Recovered, recover } from "./recovery.ts";
import { type RestoredStack, restoreStacks } from "./restore-stacks.ts";
import { retryPauseMs } from "./retry-pause.ts";
import type { Pace } from "./runs/pace.ts";
import type { RunResult } from "./runs/runner.ts";
import type { LoadedScenario } from "./scenarios/load.ts";
import { attachedRow } from "./stacks/docker/attached-row.ts";
import type { ImageBuilding } from "./stacks/image-building.ts";
import { KnownStacks } from "./stacks/known-stacks.ts";
import type { OpenStack } from "./stacks/open-stack.ts";
import { Projects } from "./stacks/projects.ts";
import { reloadStack } from "./stacks/reload-stack.ts";
import { type ResolvedTarget, readOwn, resolveTarget } from "./stacks/resolve-target.ts";
import type { OwnSource, RunConditions, RunTarget } from "./stacks/run-target.ts";
import { RunningStack } from "./stacks/running-stack.ts";
import type { Stack } from "./stacks/stack-file.ts";
import { isLeftUp, isRegisteredAs, Stacks } from "./stacks/stacks.ts";
import { StrayErrors } from "./stray-errors.ts";
import { Telemetry } from "./telemetry/telemetry.ts";
import { reportUnrestored } from "./unrestored.ts";
import { LAB_VERSION } from "./version.ts";
import { Watchdog } from "./watchdog/watchdog.ts";

const RECOVERY_LIMIT_MS = 60_000;

/** The engine, as every host uses it: opened on one data folder for reading; {@link Lab.work} allows changes. */
export class Lab {
  readonly home: LabHome;
  readonly projects: Projects;
  readonly knownStacks: KnownStacks;
  readonly history: RunStore;
  /** Where a host reports the errors of its process that nothing has awaited. */
  readonly strays: StrayErrors;
  readonly #runs: StoreLocation;
  readonly #environment: NodeJS.ProcessEnv;
  #openedJournal: Journal | undefined;

  private constructor(
    home: LabHome,
    runs: StoreLocation,
    history: RunStore,
    environment: NodeJS.ProcessEnv,
    strays: StrayErrors,
  ) {
    this.home = home;
    this.#runs = runs;
    this.history = history;
    this.strays = strays;
    this.#environment = environment;
    this.projects = new Projects(environment);
    this.knownStacks = new KnownStacks(home.folder);
  }

  /** @param runs where runs are kept; by default what the environment says, see {@link storeLocation} */
  static async open(environment: NodeJS.ProcessEnv, strays = new StrayErrors(), runs?: StoreLocation): Promise<Lab> {
    const home = openHome(dataFolder(environment));
    const location = runs ?? storeLocation(environment, home.historyFile);
    return new Lab(home, location, await openRunStore(location), environment, strays);
  }

  /** The queue of submitted runs, beside the history. Whoever opens it closes it. */
  openQueue(): Promise<QueueStore> {
    return openQueueStore(this.#runs);
  }

  /** See {@link onStoreChange}: of the history and of the queue beside it. */
  onStoreChange(listener: () => void): (() => void) | undefined {
    return onStoreChange(this.#runs, listener);
  }

  /** Notices for the user about the state in which the data folder was found. */
  notices(): string[] {
    return [...this.history.notices];
  }

  loadStack(source: OwnSource): Stack {
    return readOwn(source, this.#environment);
  }

  /** Path of a file of `NAME=value` lines; it exists once a stack with secrets has been loaded. */
  get secretsFile(): string {
    return new StackSecrets(this.home.folder).file;
  }

  /** {@link resolveTarget}, in the environment of this lab. Changes nothing. */
  resolve(target: RunTarget, building?: ImageBuilding): Promise<ResolvedTarget> {
    return resolveTarget(target, this.#environment, building);
  }

  /**
   * Passes a stack for reading only: to change it, use {@link Lab.work}.
   * @param target a stack that is up; without it the one that was left up, if there is one
   */
  async withStack<Value>(
    use: (running: RunningStack | undefined) => Promise<Value>,
    target?: RunTarget,
  ): Promise<Value> {
    return this.#reading(async (register) => {
      if (target !== undefined) {
        return this.#attached(await registeredAsFound(await this.resolve(target), register), register, use);
      }
      const leftUp = register.list().find(isLeftUp);
      return this.#attached(leftUp && this.#reloaded(leftUp), register, use);
    });
  }

  /** {@link withStack} for each stack that was left up, one after the other; once without any when there is none. */
  withEachLeftUp<Value>(use: (running: RunningStack | undefined) => Promise<Value>): Promise<Value[]> {
    return this.#reading(async (register) => {
      const values: Value[] = [];
      for (const registered of register.list().filter(isLeftUp)) {
        values.push(await this.#attached(this.#reloaded(registered), register, use));
      }
      return values.length > 0 ? values : [await use(undefined)];
    });
  }

  async #reading<Value>(use: (register: StackRegister) => Promise<Value>): Promise<Value> {
    const journal = openJournalToRead(this.home.journalFile);
    try {
      return await use(new StackRegister(journal));
    } finally {
      journal.close();
    }
  }

  async #attached<Value>(
    found: { stack: Stack; registered: RegisteredStack } | undefined,
    register: StackRegister,
    use: (running: RunningStack | undefined) => Promise<Value>,
  ): Promise<Value> {
    if (found === undefined) return use(undefined);
    const running = await RunningStack.attach(found.stack, found.registered, register, this.home.stacksFolder);
    return use(running).finally(() => running.close());
  }

  #reloaded(registered: RegisteredStack): { stack: Stack; registered: RegisteredStack } {
    return { stack: reloadStack(registered, this.#environment), registered };
  }

  /** {@link reportUnrestored}, of this data folder. */
  reportUnrestored(): string[] {
    const journal = openJournalToRead(this.home.journalFile);
    try {
      return reportUnrestored(journal);
    } finally {
      journal.close();
    }
  }

  /** Whether faults of this data folder are in force on a stack of this name. */
  hasFaultsOn(project: string): boolean {
    const journal = openJournalToRead(this.home.journalFile);
    try {
      const faults = new FaultJournal(journal);
      const named = new StackRegister(journal).list().filter((each) => each.project === project);
      return named.some(({ id }) => faults.open(id).length > 0);
    } finally {
      journal.close();
    }
  }

  /** The damage of a stack, including faults in force. */
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
   * Locks the data folder for this process and restores what a dead lab left, then passes a session that may change stacks.
   * @throws LabError `busy` when another living lab has it
   */
  async work<Value>(
    purpose: string,
    signal: AbortSignal,
    use: (session: LabSession) => Promise<Value>,
  ): Promise<Value> {
    const release = await this.#acquireLock(purpose, signal);
    const watchdog = new Watchdog(this.home, this.#environment);
    const telemetry = new Telemetry({ folder: this.home.folder, environment: this.#environment });
    let session: LabSession | undefined;
    try {
      const damaged = movedNotice("fault journal", this.#journal.damagedMovedTo).map((what) => ({
        what,
        isRestored: true,
      }));
      const recovered = [...damaged, ...(await recover(this.#undoParts(), signal))];
      const interrupted = await this.history.endOrphans();
      session = new LabSession(this, this.#undoParts(), telemetry, { recovered, interrupted });
      return await use(session);
    } finally {
      try {
        await telemetry.close();
      } finally {
        await watchdog.dismiss({ stays: session?.leavesFaults ?? false }).finally(release);
      }
    }
  }

  /** Waits for a watchdog that is restoring: it is soon done. */
  async #acquireLock(purpose: string, signal: AbortSignal): Promise<() => void> {
    const scope = new AbortScope(signal, RECOVERY_LIMIT_MS);
    const startedMs = systemClock.monotonicMs();
    try {
      for (;;) {
        try {
          return acquireLock(this.#journal, thisProcess, purpose, systemClock.wallMs());
        } catch (error) {
          if (scope.signal.aborted || lockOwnerOf(this.#journal)?.purpose !== RECOVERY_PURPOSE) throw error;
          // Polled, since the release of the lock is written to the journal but the death of its owner is not.
          await systemClock.sleep(retryPauseMs(systemClock.monotonicMs() - startedMs), signal);
        }
      }
    } finally {
      scope.end();
    }
  }

  /** Opened lazily: reading past runs must not depend on being able to write. */
  get #journal(): Journal {
    this.#openedJournal ??= openJournal(this.home.journalFile);
    return this.#openedJournal;
  }

  #undoParts(): UndoParts {
    return {
      register: new StackRegister(this.#journal),
      faults: new FaultJournal(this.#journal),
      stacksFolder: this.home.stacksFolder,
      environment: this.#environment,
    };
  }

  async close(): Promise<void> {
    try {
      await this.history.close();
    } finally {
      this.#openedJournal?.close();
    }
  }
}

/** A stack that is up as the register has it, or would have it: nothing is written. */
async function registeredAsFound(
  resolved: ResolvedTarget,
  register: StackRegister,
): Promise<{ stack: Stack; registered: RegisteredStack } | undefined> {
  const { stack, engine } = resolved;
  const leftUp = register.list().find((each) => isLeftUp(each) && isRegisteredAs(each, resolved));
  if (leftUp !== undefined) return { stack, registered: leftUp };
  if (engine === undefined) return undefined;
  const known = register.list().find(({ project, attached }) => attached && project === stack.project);
  if (known !== undefined) return { stack, registered: known };
  const registered = await attachedRow(stack, engine, { acceptsStopped: true });
  return registered && { stack, registered };
}

function movedNotice(what: string, file: string | undefined): string[] {
  return file === undefined
    ? []
    : [`the ${what} was damaged; it was moved, unchanged, to ${file} and a new one created`];
}

/** How a run is recorded, and under which conditions it runs. */
export interface RunOptions extends RunConditions {
  /** Records the run unredacted, including secrets; it can then not be exported. */
  keepRaw: boolean;
  /** Waits before its steps; absent: it does not wait. */
  pace?: Pace | undefined;
  /** Whether a person watches, who can be asked to decide. */
  isAttended?: boolean;
  /** Which of the runs that were requested together it is; absent for one alone. */
  batch?: BatchPlace | undefined;
  signal: AbortSignal;
  listen: (event: LabEvent) => void;
}

/** A lab that has locked its data folder: the only one that may change a stack. */
export class LabSession {
  readonly recovered: readonly Recovered[];
  /** Number of runs that an earlier lab died in. */
  readonly interrupted: number;
  readonly stacks: Stacks;
  readonly telemetry: Telemetry;
  readonly #lab: Lab;
  readonly #parts: UndoParts;
  readonly #faults: FaultJournal;
  #leavesFaults = false;

  constructor(
    lab: Lab,
    parts: UndoParts,
    telemetry: Telemetry,
    found: { recovered: readonly Recovered[]; interrupted: number },
  ) {
    this.#lab = lab;
    this.#parts = parts;
    this.#faults = parts.faults;
    this.telemetry = telemetry;
    this.stacks = new Stacks({ ...parts, telemetry });
    this.recovered = found.recovered;
    this.interrupted = found.interrupted;
  }

  /** Whether a fault that this session applied outlives it. */
  get leavesFaults(): boolean {
    return this.#leavesFaults;
  }

  /**
   * Applies a fault that stays in force after this session, until it is restored or expires.
   * @throws LabError when it cannot be applied; it is then undone
   */
  async break(spec: FaultSpec, running: RunningStack): ReturnType<typeof applyStanding> {
    this.#leavesFaults = true;
    try {
      return await applyStanding(spec, running, this.#faults);
    } catch (error) {
      const limit = AbortSignal.timeout(RECOVERY_LIMIT_MS);
      // One that was only intended may be half applied.
      const isHalfApplied = ({ isApplied }: OpenFault) => !isApplied;
      const undone = await undoOpenFaults(running.registered, this.#parts, "latest first", limit, isHalfApplied);
      const left = undone.find(({ result }) => result === "not restored");
      if (left === undefined) throw error;
      throw new LabError("residue", `${messageOf(error)}; and not restored: ${left.detail}`, {
        hint: "try `resilience-lab restore`; the next start of the lab tries again too",
        cause: error,
      });
    }
  }

  /** {@link restoreStacks}. */
  restore(target: string | undefined, signal: AbortSignal, project?: string): Promise<RestoredStack[]> {
    return restoreStacks({ ...this.#parts, stacks: this.stacks }, { target, project }, signal);
  }

  /** Switches the protections that a run requests, and runs its scenario. They stay switched for the next run. */
  async run(loaded: LoadedScenario, { running }: OpenStack, options: RunOptions): Promise<RunResult> {
    const { without, acceptExisting, keepRaw, pace, isAttended, batch, signal, listen } = options;
    await running.setProtectionsOff(without, signal);
    const parts = {
      acceptExisting,
      keepRaw,
      ...{ pace, isAttended, batch },
      stack: running,
      history: this.#lab.history,
      journal: this.#faults,
      clock: systemClock,
      labVersion: LAB_VERSION,
      strays: this.#lab.strays,
      telemetry: this.telemetry,
    };
    // A third of what a start of the lab loads, and only a run needs it.
    const { runScenario } = await import("./runs/runner.ts");
    return runScenario(loaded, parts, signal, listen);
  }
}
