import { join } from "node:path";
import type { StackChoice } from "../../contract/stacks.ts";
import { priorityOf } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import type { RunStore } from "../history/run-store.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { lockOwnerOf, openJournal } from "../journal/journal.ts";
import { Lab } from "../lab.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { LabSession } from "../lab-session.ts";
import { thisProcess } from "../process-identity.ts";
import { openLabLabels, WINDOW_PURPOSE } from "../queue/open-lab.ts";
import { SHIPPED_PLAYLISTS_FOLDER, shippedScenarios } from "../scenarios/shipped.ts";
import type { OpenStack } from "../stacks/open-stack.ts";
import { ON_REFERENCE_STACK, type OwnSource, type RunTarget } from "../stacks/run-target.ts";
import { ApprovalService } from "./approvals/approval-service.ts";
import { BundleService } from "./bundles/bundle-service.ts";
import { CallService } from "./calls/call-service.ts";
import { DiagnosticsService } from "./diagnostics/diagnostics-service.ts";
import { FaultService } from "./faults/fault-service.ts";
import { HistoryService } from "./history/history-service.ts";
import { labState } from "./lab-state.ts";
import { Notices } from "./notices/notices.ts";
import { noticesOf } from "./notices/start-notices.ts";
import { takeAll } from "./operations/closing-steps.ts";
import { Operations } from "./operations/operations.ts";
import { PlaylistService } from "./playlists/playlist-service.ts";
import { Preferences } from "./preferences/preferences.ts";
import { SettingsService } from "./preferences/settings-service.ts";
import { QueueService } from "./runs/queue-service.ts";
import { RunService } from "./runs/run-service.ts";
import { ScenarioLibrary } from "./scenarios/scenario-library.ts";
import { ScenarioService } from "./scenarios/scenario-service.ts";
import { SessionService } from "./sessions/session-service.ts";
import { ImageBuilds } from "./stacks/image-builds.ts";
import { LinkListener } from "./stacks/link-listener.ts";
import { StackController } from "./stacks/stack-controller.ts";
import { StackService } from "./stacks/stack-service.ts";
import { EventStreams } from "./streams/event-streams.ts";
import { RunFeeds } from "./streams/run-feeds.ts";
import { StatePublisher } from "./streams/state-publisher.ts";
import { TraceService } from "./traces/trace-service.ts";

const LEFT_UP_UNREADABLE =
  "a stack of this lab was left up and its file cannot be read: restore the file and start the lab again, or quit it and run `resilience-lab stack down`";

/** The lab as a long-lived host has it: one service a concern, made here and joined to each other. */
export class EngineService {
  readonly scenarios: ScenarioService;
  readonly playlists: PlaylistService;
  readonly stack: StackService;
  readonly faults: FaultService;
  readonly runs: RunService;
  readonly queue: QueueService;
  readonly calls: CallService;
  readonly approvals: ApprovalService;
  readonly history: HistoryService;
  readonly bundles: BundleService;
  readonly traces: TraceService;
  readonly settings: SettingsService;
  readonly sessions: SessionService;
  /** What runs are recorded in. */
  readonly store: RunStore;
  /** The live logs of the runs that are on, and of those that have just ended. */
  readonly feeds: RunFeeds;
  /** The state of everything, computed again after each change. */
  readonly state: StatePublisher;
  readonly streams: EventStreams;
  readonly notices: Notices;
  readonly diagnostics: DiagnosticsService;
  readonly #lab: Lab;
  readonly #close: () => Promise<void>;
  #closing: Promise<void> | undefined;

  /**
   * Takes the data folder and restores what a dead lab left. A stack that is up in it comes before `target`.
   * @throws LabError `busy` while another lab has the folder
   */
  static async start(
    environment: NodeJS.ProcessEnv,
    target: RunTarget & { source: OwnSource } = ON_REFERENCE_STACK,
  ): Promise<EngineService> {
    const lab = await Lab.open(environment);
    const opened = Promise.withResolvers<LabSession>();
    const over = Promise.withResolvers<void>();
    const working = lab.work(WINDOW_PURPOSE, new AbortController().signal, async (session) => {
      opened.resolve(session);
      await over.promise;
    });
    working.catch(opened.reject);
    try {
      const session = await opened.promise;
      const release = () => {
        over.resolve();
        return takeAll([() => working, () => lab.close()]);
      };
      const preferences = new Preferences(join(lab.home.folder, "preferences.db"));
      let unreadable: string | undefined;
      const leftUp = await session.stacks.leftUp().catch((error: unknown) => {
        unreadable = `${LEFT_UP_UNREADABLE}: ${messageOf(error)}`;
        return undefined;
      });
      const service = new EngineService(lab, session, preferences, release, target, leftUp);
      if (unreadable !== undefined) service.notices.add(unreadable);
      await preferences.handOverPins(lab.history).catch((error: unknown) => service.notices.add(messageOf(error)));
      return service;
    } catch (error) {
      over.resolve();
      await lab.close();
      throw error;
    }
  }

  private constructor(
    lab: Lab,
    session: LabSession,
    preferences: Preferences,
    release: () => Promise<void>,
    target: RunTarget & { source: OwnSource },
    leftUp: OpenStack | undefined,
  ) {
    const { history: store, strays, home } = lab;
    const opened = openJournal(home.journalFile);
    const journal = new FaultJournal(opened);
    const operations = new Operations(journal);
    this.#lab = lab;
    this.state = new StatePublisher((version) => labState(version, this));
    const onChange = () => this.state.touch();
    const notices = new Notices(noticesOf(lab, session), onChange);
    const notify = (notice: string) => notices.add(notice);
    const settings = new SettingsService(preferences);
    const keepsRaw = () => settings.current().keepRunsRaw;
    const feeds = new RunFeeds(store.durability);
    const listen = (event: LabEvent) => this.#take(event);

    const limit = () => settings.current().historyLimit;
    const history = new HistoryService({ store, feeds, limit, closing: operations.closing, onChange, notify });
    const onEnded = () => {
      history.trim();
      history.changed();
    };
    const approvals = new ApprovalService(onChange);
    const controller = new StackController({
      stacks: session.stacks,
      first: {
        target: leftUp?.target ?? target,
        stack: leftUp?.running.stack ?? lab.loadStack(target.source),
      },
      journal,
      options: () => ({ keep: settings.current().keepStackUp, ports: settings.current().ports }),
      onChange,
      onUp: (running) => approvals.open(running),
      onLeave: () => takeAll([() => listener.stop(), () => approvals.close()]),
    });
    const listener = new LinkListener({ running: () => controller.running, journal, onChange });
    const builds = new ImageBuilds(onChange);
    const onFailure = (error: unknown) => this.takeStray(error);
    const onFailureOfQueue = (error: unknown) => notify(`the queue of runs cannot be used: ${messageOf(error)}`);
    const shared = { operations, store, stack: controller, feeds, keepsRaw, listen, onChange, notify, builds };
    const owner = lockOwnerOf(opened) ?? { ...thisProcess, purpose: WINDOW_PURPOSE, sinceWallMs: 0 };
    const labels = openLabLabels(home, owner);
    const runs = new RunService({
      ...{ ...shared, session, onFailure },
      openQueue: () => lab.openQueue(),
      onStoreChange: (listener) => lab.onStoreChange(listener),
      labels,
      manualRunId: () => faults.runId,
    });
    const { telemetry } = session;
    const faults = new FaultService({ ...shared, journal, strays, runs, listener, onEnded, telemetry });

    this.settings = settings;
    const onKept = () => history.changed();
    this.sessions = new SessionService({ telemetry, store, onChange, onKept });
    this.notices = notices;
    this.store = store;
    this.feeds = feeds;
    this.history = history;
    this.approvals = approvals;
    this.runs = runs;
    this.calls = new CallService(
      () => controller.running,
      (sent, unrecorded) => faults.send(sent, unrecorded),
    );
    this.faults = faults;
    this.bundles = new BundleService(store, () => history.changed());
    this.traces = new TraceService(store, () => history.changed());
    this.scenarios = new ScenarioService({
      library: new ScenarioLibrary(shippedScenarios(), join(home.folder, "scenarios")),
      store,
      target: () => controller,
      onChange,
    });
    this.queue = new QueueService({
      ...{ runs, labels, store },
      find: (id) => this.scenarios.find(id),
    });
    this.playlists = new PlaylistService({
      shippedFolder: SHIPPED_PLAYLISTS_FOLDER,
      ownFolder: join(home.folder, "playlists"),
      find: (id) => this.scenarios.find(id),
    });
    this.stack = new StackService(lab, controller, operations, {
      isBusy: () => runs.isBusy,
      manualRunId: () => faults.runId,
      listener,
      builds,
      onChange,
      undoManual: () => faults.restoreOriginal(),
      remember: (choice) => preferences.rememberStack(choice),
    });
    this.streams = new EventStreams(store, feeds, this.state, telemetry);
    const { streams } = this;
    this.diagnostics = new DiagnosticsService({ dataFolder: home.folder, store, runs, streams, notices });

    runs.onEnded(onEnded);
    settings.onChange((_, { historyLimit }) => {
      if (historyLimit !== undefined) history.trim();
      onChange();
    });
    // A click is to find it open.
    if (store.readOnlyBecause === undefined) void runs.queue().catch(onFailureOfQueue);
    // What keeps it from listening is on the page of the sessions.
    void telemetry.start(settings.current().ports === "auto" ? "auto" : "fixed").then(onChange);
    if (leftUp !== undefined) controller.adopt(leftUp);
    else void this.#reopen(preferences.stack());

    this.#close = async () => {
      operations.close();
      this.stack.cancelCompose();
      builds.cancel();
      controller.giveUpStart();
      await takeAll([
        () => runs.close(),
        () => operations.settled(),
        () => this.#undoManual(),
        () => this.stack.closeLogs(),
        () => controller.close(),
        () => this.sessions.close(),
        () => this.state.close(),
        () => history.settled(),
        () => this.diagnostics.close(),
        () => preferences.close(),
        () => opened.close(),
        () => release(),
      ]);
    };
  }

  /** The stack that was open when the lab ended; the window does not wait for it. */
  async #reopen(choice: StackChoice | undefined): Promise<void> {
    if (choice === undefined || (choice.is === "reference" && choice.driver === "process")) return;
    const name =
      choice.is === "project"
        ? `project ${choice.project}`
        : choice.is === "gateway"
          ? `the gateway at ${choice.url}`
          : "the reference stack on Docker";
    await this.stack.use(choice).catch((error: unknown) => {
      if (this.#closing === undefined) this.notices.add(`${name}, which was open, is not opened: ${messageOf(error)}`);
    });
  }

  /** Whether something is broken, or about to be: a host asks before it ends then. */
  get isAtWork(): boolean {
    return this.runs.isBusy || this.stack.faults().some(({ kind }) => kind !== "observe");
  }

  /** What ending the lab now does to what is in progress, for a host that asks or says so. */
  get endingText(): string {
    const { active } = this.runs.state();
    const isRunning = active[0]?.state === "running";
    const isLast = isRunning && this.stack.isAttached;
    const waiting = active.length - (isLast ? 1 : 0);
    const interrupted = isLast ? " The run in progress ends as interrupted, since its stack was attached." : "";
    const kept = waiting === 1 ? " 1 run waits" : ` ${waiting} runs wait`;
    return `Every fault is undone first.${interrupted}${waiting === 0 ? "" : `${kept} until the lab is opened again and you continue.`}`;
  }

  /**
   * For the host to report an error of its process that nothing has awaited. The run in progress and a manual session end as
   * `error` with everything restored; the lab goes on and says so.
   */
  takeStray(error: unknown): void {
    this.#lab.strays.report(error);
    this.notices.add(`something in the lab failed unexpectedly: ${messageOf(error)}`);
  }

  /**
   * Stops the run that is on, undoes every fault, takes the stack down unless it is kept, and lets the data folder go. What
   * fails of it keeps nothing else from being done. @throws LabError that says what is left, once everything was tried
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What could not be restored goes with the stack, unless it is to stay up. */
  async #undoManual(): Promise<void> {
    const { residue, problem } = await this.faults.restoreOriginal();
    if (residue.length > 0 && this.stack.running?.registered.kept) {
      throw new LabError("residue", `not restored: ${residue.join("; ")}`);
    }
    if (problem !== undefined) throw problem;
  }

  /** Every event of every run passes here: to the windows, and to whoever keeps count. */
  #take(event: LabEvent): void {
    if (this.feeds.take(event)) this.history.changed();
    this.approvals.take(event, event.runId === this.faults.runId);
    if (priorityOf(event) === "essential") this.state.touch();
  }
}
