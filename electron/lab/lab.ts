import { AbortScope } from "./abort-scope.ts";
import { systemClock } from "./clock.ts";
import { type Inspection, inspectDamage } from "./faults/existing-damage.ts";
import type { UndoParts } from "./faults/undo-open-faults.ts";
import type { StoreLocation } from "./history/history-threads.ts";
import { onStoreChange } from "./history/on-store-change.ts";
import { openQueueStore } from "./history/open-queue-store.ts";
import { openRunStore } from "./history/open-run-store.ts";
import type { QueueStore } from "./history/queue-store.ts";
import type { RunStore } from "./history/run-store.ts";
import { storeLocation } from "./history/store-location.ts";
import { dataFolder, type LabHome, openHome } from "./home.ts";
import { FaultJournal } from "./journal/fault-journal.ts";
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
import { LabSession } from "./lab-session.ts";
import { thisProcess } from "./process-identity.ts";
import { recover } from "./recovery.ts";
import { retryPauseMs } from "./retry-pause.ts";
import { attachedRow } from "./stacks/docker/attached-row.ts";
import type { ImageBuilding } from "./stacks/image-building.ts";
import { KnownStacks } from "./stacks/known-stacks.ts";
import { Projects } from "./stacks/projects.ts";
import { reloadStack } from "./stacks/reload-stack.ts";
import { type ResolvedTarget, readOwn, resolveTarget } from "./stacks/resolve-target.ts";
import type { OwnSource, RunTarget } from "./stacks/run-target.ts";
import { RunningStack } from "./stacks/running-stack.ts";
import type { Stack } from "./stacks/stack-file.ts";
import { isLeftUp, isRegisteredAs } from "./stacks/stacks.ts";
import { StrayErrors } from "./stray-errors.ts";
import { Telemetry } from "./telemetry/telemetry.ts";
import { reportUnrestored } from "./unrestored.ts";
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
