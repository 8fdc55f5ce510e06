import { join } from "node:path";
import type { LabState } from "../../contract/events.ts";
import type { DeleteReport } from "../../contract/history.ts";
import type { QueueEntry } from "../../contract/runs.ts";
import type { Settings, SettingsChange } from "../../contract/settings.ts";
import type { StackStatus } from "../../contract/stack.ts";
import { priorityOf } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { orAbort } from "../abort-scope.ts";
import { systemClock } from "../clock.ts";
import type { RunStore } from "../history/run-store.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import { isProtected } from "../journal/stack-register.ts";
import { Lab, type LabSession, shippedScenarios } from "../lab.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { RunQueue } from "../runs/run-queue.ts";
import type { RunResult } from "../runs/runner.ts";
import type { LoadedScenario } from "../scenarios/load.ts";
import type { OpenStack } from "../stacks/open-stack.ts";
import { assertProtections } from "../stacks/protections.ts";
import { ON_REFERENCE_STACK } from "../stacks/run-target.ts";
import { ApprovalService } from "./approvals/approval-service.ts";
import { takeAll } from "./closing-steps.ts";
import { FaultService } from "./faults/fault-service.ts";
import { InFlight } from "./in-flight.ts";
import { Preferences } from "./preferences/preferences.ts";
import { type SaveOptions, ScenarioLibrary } from "./scenarios/scenario-library.ts";
import { StackController } from "./stacks/stack-controller.ts";
import { noticesOf } from "./start-notices.ts";
import type { RunFeed } from "./streams/run-feed.ts";
import { RunFeeds } from "./streams/run-feeds.ts";
import { StatePublisher } from "./streams/state-publisher.ts";
import { StreamRegistry } from "./streams/stream-registry.ts";

const START_LIMIT_MS = 45_000;
/** A guard against something that fails over and over, each time in other words. */
const NOTICES_LIMIT = 100;

/** A run has ended: for hosts that tell the person of it. */
export type RunEndedListener = (entry: QueueEntry) => void;

/** The lab as a long-lived host has it: one stack, one queue of runs, and everyone who watches. */
export class EngineService {
  readonly lab: Lab;
  readonly history: RunStore;
  readonly library: ScenarioLibrary;
  readonly queue: RunQueue;
  readonly stack: StackController;
  readonly faults: FaultService;
  readonly approvals: ApprovalService;
  readonly state: StatePublisher;
  readonly streams = new StreamRegistry();
  readonly notices: string[];
  readonly startedMonotonicMs = systemClock.monotonicMs();
  readonly #session: LabSession;
  readonly #release: () => Promise<void>;
  readonly #journal: Journal;
  readonly #preferences: Preferences;
  readonly #feeds: RunFeeds;
  readonly #endedListeners = new Set<RunEndedListener>();
  readonly #settingsListeners = new Set<(settings: Settings) => void>();
  /** What is being done to the stack, and what it writes of. */
  readonly #inFlight = new InFlight();
  #trimming: Promise<void> = Promise.resolve();
  /** What is being deleted then is gone on with at the next start. */
  readonly #ending = new AbortController();
  readonly #versions = { history: 1, scenarios: 1, settings: 1 };
  #closing: Promise<void> | undefined;

  /** Takes the data folder and puts back what a dead lab left. @throws LabError `busy` while another lab has it */
  static async start(environment: NodeJS.ProcessEnv): Promise<EngineService> {
    const lab = await Lab.open(environment);
    const holding = Promise.withResolvers<LabSession>();
    const over = Promise.withResolvers<void>();
    const signal = new AbortController().signal;
    const working = lab.work("the lab's window", signal, async (session) => {
      holding.resolve(session);
      await over.promise;
    });
    working.catch(holding.reject);
    try {
      const session = await holding.promise;
      const release = () => {
        over.resolve();
        return takeAll([() => working, () => lab.close()]);
      };
      const service = new EngineService(lab, session, release, await session.stacks.leftUp());
      await service.#preferences.handOverPins(lab.history).catch((error: unknown) => service.#notify(messageOf(error)));
      return service;
    } catch (error) {
      over.resolve();
      await lab.close();
      throw error;
    }
  }

  private constructor(lab: Lab, session: LabSession, release: () => Promise<void>, leftUp: OpenStack | undefined) {
    this.lab = lab;
    this.history = lab.history;
    this.#feeds = new RunFeeds(this.history.durability);
    this.#session = session;
    this.#release = release;
    this.#journal = openJournal(lab.home.journalFile);
    const journal = new FaultJournal(this.#journal);
    this.#preferences = new Preferences(join(lab.home.folder, "preferences.db"));
    this.library = new ScenarioLibrary(shippedScenarios(), join(lab.home.folder, "scenarios"));
    this.notices = noticesOf(lab, session);
    this.state = new StatePublisher((version) => this.#buildState(version));
    const onChange = () => this.state.touch();
    this.approvals = new ApprovalService(onChange);
    this.stack = new StackController({
      stacks: session.stacks,
      target: leftUp?.target ?? ON_REFERENCE_STACK,
      stack: leftUp?.running.stack ?? lab.loadStack(ON_REFERENCE_STACK.source),
      journal,
      wish: () => ({ keep: this.settings().keepStackUp, ports: this.settings().ports }),
      onChange,
      onUp: (running) => this.approvals.open(running),
      onLeave: () => this.approvals.close(),
    });
    this.queue = new RunQueue({
      run: (loaded, without, signal, listen, say) => this.#run(loaded, without, signal, listen, say),
      onIdle: () => this.#protectionsOn(),
      onChange,
      onEnded: (entry) => this.#afterRun(entry),
      onFailure: (error) => this.takeStray(error),
      wallMs: () => systemClock.wallMs(),
    });
    this.faults = new FaultService({
      lab,
      journal,
      stack: this.stack,
      queue: this.queue,
      listen: (event) => this.#take(event),
      keepsRaw: () => this.settings().keepRunsRaw,
      onChange,
      onUnrecorded: (error) => this.#notify(`what was broken by hand is not in the history: ${messageOf(error)}`),
      onEnded: (runId) => {
        this.#feeds.abandon(runId);
        this.#afterEnd();
      },
      inFlight: this.#inFlight,
    });
    if (leftUp !== undefined) this.stack.adopt(leftUp);
  }

  onRunEnded(listener: RunEndedListener): () => void {
    this.#endedListeners.add(listener);
    return () => void this.#endedListeners.delete(listener);
  }

  onSettingsChanged(listener: (settings: Settings) => void): () => void {
    this.#settingsListeners.add(listener);
    return () => void this.#settingsListeners.delete(listener);
  }

  settings(): Settings {
    return this.#preferences.settings();
  }

  changeSettings(change: SettingsChange): Settings {
    const changed = this.#preferences.change(change);
    this.#versions.settings++;
    for (const listener of this.#settingsListeners) listener(changed);
    if (change.historyLimit !== undefined) this.#trim();
    this.state.touch();
    return changed;
  }

  /** Puts runs into the queue. @throws LabError while halted, read-only, or for a name that is none here */
  startRuns(scenarios: readonly LoadedScenario[], without: readonly string[], repeat: number): QueueEntry[] {
    this.faults.assertArmed();
    this.history.assertWritable();
    const off = [...new Set(without)].sort();
    assertProtections(this.stack.stack, off);
    return this.queue.add(Array.from({ length: repeat }, () => scenarios).flat(), off);
  }

  /** The live log of a run that is on or has just ended. */
  feed(runId: string): RunFeed | undefined {
    return this.#feeds.get(runId);
  }

  isOn(runId: string): boolean {
    return this.#feeds.isOn(runId);
  }

  up(): Promise<StackStatus> {
    return this.#inFlight.during(async () => {
      this.faults.assertOpen();
      await this.stack.up();
      return this.status();
    });
  }

  /** Goes on to its end also when the lab is closed meanwhile. */
  down(): Promise<StackStatus> {
    return this.#inFlight.during(() => this.#down());
  }

  async #down(): Promise<StackStatus> {
    this.faults.assertOpen();
    if (this.queue.isBusy) {
      throw new LabError("busy", "a run is on, and it needs the stack", {
        cure: "cancel it first, or wait for its end",
      });
    }
    await this.faults.putBack();
    await this.stack.down();
    return this.status();
  }

  status(): Promise<StackStatus> {
    return this.stack.status(this.faults.runId, this.queue.isBusy);
  }

  saveScenario(source: string, options: SaveOptions): string[] {
    const ids = this.library.save(source, options);
    this.scenariosChanged();
    return ids;
  }

  deleteScenario(id: string): void {
    this.library.delete(id);
    this.scenariosChanged();
  }

  deleteBrokenScenario(name: string): void {
    this.library.deleteBroken(name);
    this.scenariosChanged();
  }

  scenariosChanged(): void {
    this.#versions.scenarios++;
    this.state.touch();
  }

  async deleteRuns(runIds: readonly string[]): Promise<DeleteReport> {
    const { deleted, kept } = await this.history.delete(runIds, (runId) => this.isOn(runId), this.#ending.signal);
    for (const runId of deleted) this.#feeds.forget(runId);
    this.historyChanged();
    return { deleted: deleted.length, kept };
  }

  async pin(runId: string, pinned: boolean): Promise<void> {
    await this.history.pin(runId, pinned);
    this.historyChanged();
  }

  historyChanged(): void {
    this.#versions.history++;
    this.state.touch();
  }

  /**
   * For the host to report an error of its process that nothing has awaited. The run that is on, and one by hand, end as
   * `error` with everything restored; the lab goes on and says so.
   */
  takeStray(error: unknown): void {
    this.lab.strays.report(error);
    this.#notify(`something in the lab failed unexpectedly: ${messageOf(error)}`);
  }

  #notify(notice: string): void {
    if (!this.notices.includes(notice) && this.notices.length < NOTICES_LIMIT) this.notices.push(notice);
    this.state.touch();
  }

  /**
   * Cancels what is on, undoes every fault, takes the stack down unless it is kept, and lets the data folder go. What
   * fails of it keeps nothing else from being done. @throws LabError that says what is left, once everything was tried
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.faults.close();
    this.stack.giveUpStart();
    this.#ending.abort(new LabError("busy", "the lab is ending"));
    await takeAll([
      () => this.queue.stop(),
      () => this.#inFlight.settled(),
      () => this.#putBack(),
      () => this.stack.close(),
      () => this.state.close(),
      () => this.#trimming,
      () => this.#preferences.close(),
      () => this.#journal.close(),
      () => this.#release(),
    ]);
  }

  /** What could not be restored goes with the stack, unless it is to stay up. */
  async #putBack(): Promise<void> {
    const { residue, problem } = await this.faults.putBack();
    if (residue.length > 0 && this.stack.running?.registered.kept) {
      throw new LabError("residue", `not restored: ${residue.join("; ")}`);
    }
    if (problem !== undefined) throw problem;
  }

  async #run(
    loaded: LoadedScenario,
    without: readonly string[],
    signal: AbortSignal,
    listen: (event: LabEvent) => void,
    say: (activity: string) => void,
  ): Promise<RunResult> {
    say(this.stack.running === undefined ? "bringing the stack up" : "preparing");
    signal.throwIfAborted();
    const open = await orAbort(this.stack.up(), signal);
    if (without.join() !== open.running.registered.without?.join()) say("switching protections");
    let runId = "";
    try {
      const take = (event: LabEvent) => {
        runId = event.runId;
        this.#take(event);
        listen(event);
      };
      const keepRaw = this.settings().keepRunsRaw;
      const options = { ...open.target, without, keepRaw, signal, listen: take };
      return await this.#session.run(loaded, open, options);
    } finally {
      this.#feeds.abandon(runId);
    }
  }

  async #protectionsOn(): Promise<void> {
    const running = this.stack.running;
    if (running === undefined || isProtected(running.registered)) return;
    try {
      await running.setProtectionsOff([], AbortSignal.timeout(START_LIMIT_MS));
    } catch (error) {
      this.#notify(`protections could not be switched on again: ${messageOf(error)}`);
    }
  }

  #afterRun(entry: QueueEntry): void {
    this.#afterEnd();
    for (const listener of this.#endedListeners) listener(entry);
  }

  #afterEnd(): void {
    this.#trim();
    this.historyChanged();
  }

  /**
   * Behind everybody's back, one at a time. A full disk is no reason for the queue to stop: there will be too many runs for
   * a while, and that is said.
   */
  #trim(): void {
    this.#trimming = this.#trimming.then(async () => {
      const { signal } = this.#ending;
      if (signal.aborted) return;
      try {
        if ((await this.history.trim(this.settings().historyLimit, signal)) > 0) this.historyChanged();
      } catch (error) {
        this.#notify(`old runs could not be deleted: ${messageOf(error)}`);
      }
    });
  }

  /** Every event of every run passes here: to the windows, and to whoever keeps count. */
  #take(event: LabEvent): void {
    if (this.#feeds.take(event)) this.historyChanged();
    this.approvals.take(event);
    if (priorityOf(event) === "essential") this.state.touch();
  }

  async #buildState(version: number): Promise<LabState> {
    const queue = this.queue.state();
    const { activity } = this.stack;
    if (activity !== "" && queue.active[0]?.state === "running") queue.active[0].activity = activity;
    return {
      version,
      wallMs: systemClock.wallMs(),
      stack: await this.status(),
      queue,
      approvals: this.approvals.waiting(),
      halted: this.faults.isHalted,
      manualRunId: this.faults.runId,
      historyVersion: this.#versions.history,
      scenariosVersion: this.#versions.scenarios,
      settingsVersion: this.#versions.settings,
      notices: [...this.notices],
    };
  }
}
