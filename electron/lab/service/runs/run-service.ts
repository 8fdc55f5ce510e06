import type { PaceKind, QueueEntry, RunQueue as QueueState } from "../../../contract/runs.ts";
import { STACK_NOT_UP } from "../../../contract/stack-not-up.ts";
import { activityOf } from "../../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { RunModel } from "../../../model/run-model.ts";
import { isAbortOf, orAbort } from "../../abort-scope.ts";
import { systemClock } from "../../clock.ts";
import type { QueuedRun, QueueStore } from "../../history/queue-store.ts";
import type { RunStore } from "../../history/run-store.ts";
import { isProtected } from "../../journal/stack-register.ts";
import { asLabError, LabError, messageOf } from "../../lab-error.ts";
import type { LabSession } from "../../lab-session.ts";
import { type AttemptContext, type AttemptEnding, stoppedBy } from "../../queue/attempt.ts";
import { endEarlierAttempts } from "../../queue/end-earlier-attempts.ts";
import { resultsOf } from "../../queue/execute-scenario.ts";
import type { OpenLabLabels } from "../../queue/open-lab.ts";
import { summaryOf, toResults } from "../../queue/run-result.ts";
import type { ScenarioSpec, ShownRun } from "../../queue/run-spec.ts";
import { readScenarios, writeScenario } from "../../queue/written-scenario.ts";
import { toReport } from "../../reports/run-report.ts";
import { Pace } from "../../runs/pace.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import { matrixOf } from "../../scenarios/matrix.ts";
import type { PlaylistRun } from "../../scenarios/playlist.ts";
import { referencesOf } from "../../scenarios/references.ts";
import { onStack } from "../../scenarios/roles.ts";
import { assertProtections } from "../../stacks/protections.ts";
import type { Operations } from "../operations/operations.ts";
import type { ImageBuilds } from "../stacks/image-builds.ts";
import type { StackController } from "../stacks/stack-controller.ts";
import type { RunFeeds } from "../streams/run-feeds.ts";
import { assertForStack, assertOpen } from "./for-open-stack.ts";
import { RunEntries } from "./run-entries.ts";
import { type QueuePause, WindowQueue } from "./window-queue.ts";

const PROTECT_LIMIT_MS = 45_000;

/** A run of the queue has ended: for hosts that tell the person of it. */
export type RunEndedListener = (entry: QueueEntry) => void;

export interface RunServiceParts {
  session: Pick<LabSession, "run">;
  operations: Operations;
  store: RunStore;
  stack: StackController;
  feeds: RunFeeds;
  builds: Pick<ImageBuilds, "forLinks">;
  openQueue: () => Promise<QueueStore>;
  onStoreChange: (listener: () => void) => (() => void) | undefined;
  labels: OpenLabLabels;
  /** Of the faults that a person has applied, while some are in force. */
  manualRunId: () => string | null;
  /** Whether a run that begins now is to be recorded raw. */
  keepsRaw: () => boolean;
  /** Called with every event of these runs. */
  listen: (event: LabEvent) => void;
  onChange: () => void;
  onFailure: (error: unknown) => void;
  notify: (notice: string) => void;
}

/** The runs on the lab's stack, one after another: those that a person asked for in a window, then those of a terminal. */
export class RunService {
  readonly #parts: RunServiceParts;
  readonly #entries: RunEntries;
  readonly #queue: WindowQueue;
  readonly #listeners = new Set<RunEndedListener>();
  /** Of the run in progress, if it is paced. */
  #pace: Pace | undefined;
  /** A run is in progress, or its stack is being made ready for the next. */
  #isCarryingOut = false;
  #carryingOut: Promise<unknown> = Promise.resolve();

  constructor(parts: RunServiceParts) {
    this.#parts = parts;
    const guarded = (hook: () => void) => {
      try {
        hook();
      } catch (error) {
        parts.onFailure(error);
      }
    };
    this.#entries = new RunEntries({
      onChange: () => guarded(parts.onChange),
      onEnded: (entry) => {
        for (const listener of this.#listeners) guarded(() => listener(entry));
      },
      wallMs: () => systemClock.wallMs(),
    });
    const { openQueue, onStoreChange, labels, notify } = parts;
    this.#queue = new WindowQueue({
      open: openQueue,
      onStoreChange,
      labels,
      entries: this.#entries,
      pause: () => this.#pause(),
      execute: (run, context) => this.#execute(run, context),
      onChange: () => guarded(parts.onChange),
      notify,
    });
  }

  get isBusy(): boolean {
    return this.#isCarryingOut || this.#entries.hasActive;
  }

  /** The run that is on, once it has begun. */
  get runningRunId(): string | null {
    return this.#entries.running?.runId ?? null;
  }

  onEnded(listener: RunEndedListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The queue, for those who look at all of it. @throws LabError when its database cannot be used */
  queue(): Promise<QueueStore> {
    return this.#queue.opened();
  }

  /** Puts runs into the queue. @throws LabError while halted, read-only, or for a name that is none here */
  start(
    scenarios: readonly LoadedScenario[],
    without: readonly string[],
    repeat: number,
    pace: PaceKind = "none",
    isMatrix = false,
  ): Promise<QueueEntry[]> {
    const alone = (loaded: LoadedScenario) => ({ loaded, without, showsFailure: false, isCompared: false });
    const once = isMatrix ? matrixOf(scenarios, without) : scenarios.map(alone);
    const runs = Array.from({ length: repeat }, () => once).flat();
    // Of several, a person does not wait for each.
    return this.#add(runs, { pace, isAttended: runs.length === 1 || pace === "person" });
  }

  /** The runs of a playlist, each with its own protections. @throws LabError as {@link start} */
  play(playlist: readonly PlaylistRun[], pace: PaceKind): Promise<QueueEntry[]> {
    return this.#add(playlist, { pace, isAttended: true });
  }

  async #add(asked: readonly PlaylistRun[], watched: Omit<ShownRun, "batch">): Promise<QueueEntry[]> {
    const { operations, store, stack, labels } = this.#parts;
    operations.assertArmed();
    store.assertWritable();
    const runs = asked.map((run) => ({ ...run, without: [...new Set(run.without)].sort() }));
    for (const { without } of runs) assertProtections(stack.stack, without);
    const entries = this.#entries.add(
      runs.map(({ loaded: { scenario }, ...run }) => {
        return { ...run, scenarioId: scenario.id, scenarioTitle: scenario.title };
      }),
      watched.pace === "person",
    );
    const { project } = stack.stack;
    const on = { kind: "open", lab: labels.window, project, hasOneAttempt: stack.isAttached } as const;
    const texts = new Map<LoadedScenario, ScenarioSpec["scenario"]>();
    const spec = (loaded: LoadedScenario, rest: object) => {
      const scenario = texts.get(loaded) ?? writeScenario(loaded);
      texts.set(loaded, scenario);
      return { scenario, ...rest };
    };
    await this.#queue.submit(
      runs.map(({ loaded, without }, index) => {
        const entry = entries[index] as QueueEntry;
        return { entry, spec: () => spec(loaded, { stack: on, without, shown: { batch: entry.batch, ...watched } }) };
      }),
    );
    return entries.map((entry) => ({ ...entry }));
  }

  /** Ends the wait of the run in progress before its next step; false when it does not wait. */
  next(): boolean {
    return this.#pace?.next() ?? false;
  }

  /**
   * A run in progress rolls back first and then ends as cancelled; a waiting one ends at once.
   * @param entryId of one run, or `all`
   */
  cancel(entryId: string): Promise<void> {
    return this.#queue.cancel(entryId);
  }

  /** Runs that an earlier lab left go on, on the stack that is open now. */
  continueLeft(): Promise<void> {
    this.#parts.operations.assertArmed();
    return this.#queue.continueLeft();
  }

  /** Others may have cancelled them. */
  countLeft(): Promise<void> {
    return this.#queue.countLeft();
  }

  cancelLeft(): Promise<void> {
    return this.#queue.cancelLeft();
  }

  /** Cancels everything and resolves when the run that was on has restored what it broke. */
  async stop(): Promise<void> {
    const cancelling = this.#queue.cancel("all");
    await this.#carryingOut;
    await cancelling;
    // One that began while the others were being cancelled.
    await this.#carryingOut;
  }

  /** For the lab's end: the run that is on restores what it broke, and waits with the others for a lab that continues it. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  state(): QueueState {
    return { ...this.#entries.state(), pause: this.#pause()?.reason ?? null };
  }

  /** The lab was halted or armed, or a person has broken or restored something. */
  pauseChanged(): void {
    void this.#queue.pauseChanged();
  }

  /** What a person has broken is restored by that person; a run that finds it would be refused. */
  #pause(): QueuePause | null {
    const { operations, stack, manualRunId } = this.#parts;
    if (operations.isHalted) return { reason: { why: "the lab is halted", next: "Arm it" }, isOfStack: false };
    const manualRun = manualRunId();
    if (manualRun === null || stack.target.acceptExisting) return null;
    const manual = stack.faults().filter(({ runId, kind }) => runId === manualRun && kind !== "observe");
    if (manual.length === 0) return null;
    const on = [...new Set(manual.map(({ target }) => target))].join(", ");
    const why = manual.length === 1 ? `a fault is in force on ${on}` : `faults are in force on ${on}`;
    return { reason: { why, next: manual.length === 1 ? "Undo it" : "Undo them" }, isOfStack: true };
  }

  async #execute(run: QueuedRun, context: AttemptContext): Promise<AttemptEnding> {
    const from = run.labels.some((label) => label.startsWith(this.#parts.labels.terminal)) ? "terminal" : "window";
    const entry = this.#entries.find(run.runId) ?? this.#entries.adopt(run, from);
    const model = new RunModel();
    const noted: Promise<void>[] = [];
    const listen = (event: LabEvent) => {
      if (entry.runId === null) {
        entry.runId = event.runId;
        const adding = context.addHistoryRun(event.runId);
        // Its failure is awaited once the run has restored what it broke.
        adding.catch(() => {});
        noted.push(adding);
      }
      model.take(event);
      const activity = activityOf(event);
      if (activity !== undefined) this.#entries.does(entry, activity);
    };
    const carryingOut = this.#toEnd(run, entry, context, listen, model);
    this.#carryingOut = carryingOut.catch(() => {});
    const ending = await carryingOut;
    // The window does not wait for the rest, which a database that is away may hold up.
    await Promise.all(noted);
    return { ...ending, summary: model.started === undefined ? null : await this.#keepResults(run, model, context) };
  }

  async #toEnd(
    run: QueuedRun,
    entry: QueueEntry,
    context: AttemptContext,
    listen: (event: LabEvent) => void,
    model: RunModel,
  ): Promise<Ending> {
    this.#isCarryingOut = true;
    try {
      this.#entries.begin(entry);
      const ending = await this.#carryOut(run, entry, context, listen).catch((error: unknown) =>
        failed(error, entry, context.signal),
      );
      const isLost = stoppedBy(context.signal) === "lost";
      const { outcome, reason } = await this.#withProtections(entry, isLost ? LOST : ending);
      this.#entries.end(entry, outcome, reason, model);
      const problem = this.#entries.hasActive ? undefined : await this.#protectionsOn();
      if (problem !== undefined && !reason.includes(problem)) this.#parts.notify(problem);
      return { outcome, reason };
    } finally {
      this.#isCarryingOut = false;
      this.#parts.onChange();
    }
  }

  async #keepResults({ runId }: QueuedRun, model: RunModel, context: AttemptContext) {
    const report = toReport(model);
    const results = toResults(runId, `${report.scenario}#1`, resultsOf(report));
    if (stoppedBy(context.signal) === undefined) await context.putResults(results);
    return summaryOf(results, { trace_count: 1, errors: report.outcome === "error" ? [report.reason] : [] });
  }

  async #carryOut(
    run: QueuedRun,
    entry: QueueEntry,
    { signal }: AttemptContext,
    listen: (event: LabEvent) => void,
  ): Promise<Ending> {
    const { session, stack, feeds, keepsRaw, store, operations } = this.#parts;
    const spec = run.spec as ScenarioSpec;
    await endEarlierAttempts(run, store, await this.#queue.opened());
    operations.assertArmed();
    assertOpen(spec, stack);
    const loaded = scenarioOf(spec);
    const without = [...spec.without];
    assertProtections(stack.stack, without);
    assertForStack(loaded, stack.stack);
    if (stack.running === undefined) this.#entries.does(entry, "bringing the stack up");
    signal.throwIfAborted();
    const open = await orAbort(stack.up().catch(notUp), signal);
    const links = referencesOf(onStack(loaded.scenario, open.running.stack).scenario).filter(
      ({ kind }) => kind === "link",
    );
    await this.#parts.builds.forLinks(
      open.running,
      links.map(({ name }) => name),
      signal,
    );
    if (without.join() !== open.running.registered.without?.join()) this.#entries.does(entry, "switching protections");
    const kind = spec.shown?.pace ?? "none";
    const pace = kind === "none" ? undefined : new Pace(kind, systemClock);
    this.#pace = pace;
    try {
      const take = (event: LabEvent) => {
        // First: what it calls must be told even if a listener of the window fails.
        listen(event);
        this.#parts.listen(event);
      };
      const acceptExisting = open.target.acceptExisting || spec.acceptExisting;
      const keepRaw = spec.raw ?? keepsRaw();
      return await session.run(loaded, open, {
        ...open.target,
        ...{
          without,
          acceptExisting,
          keepRaw,
          signal,
          listen: take,
          pace,
          isAttended: spec.shown?.isAttended ?? false,
          batch: (spec.shown?.batch.of ?? 1) > 1 ? spec.shown?.batch : undefined,
        },
      });
    } finally {
      this.#pace = undefined;
      feeds.abandon(entry.runId ?? "");
    }
  }

  /** What was switched for a run that did not start then is its residue, unless the next run switches it. */
  async #withProtections(entry: QueueEntry, ending: Ending): Promise<Ending> {
    const isNextToSwitch = entry.runId !== null || this.#entries.state().active.length > 1;
    const problem = isNextToSwitch ? undefined : await this.#protectionsOn();
    if (problem === undefined) return ending;
    const { outcome, reason } = ending;
    return { outcome: "residue", reason: outcome === "cancelled" ? `${problem}${AFTER}` : `${reason}; and ${problem}` };
  }

  /** After the last run of the queue. Resolves to why they could not be switched on. */
  async #protectionsOn(): Promise<string | undefined> {
    const { running } = this.#parts.stack;
    if (running === undefined || isProtected(running.registered)) return undefined;
    try {
      await running.setProtectionsOff([], AbortSignal.timeout(PROTECT_LIMIT_MS));
      return undefined;
    } catch (error) {
      return `protections could not be switched on again: ${messageOf(error)}`;
    }
  }
}

type Ending = Pick<AttemptEnding, "outcome" | "reason">;

const LOST = { outcome: "interrupted", reason: "the lab no longer renewed the lease of the run in time" } as const;

const AFTER = " (after it was cancelled)";

/** A run that has not come to an end of its own. */
function failed(error: unknown, { runId }: QueueEntry, signal: AbortSignal): Ending {
  const stop = stoppedBy(signal);
  const isStopped = isAbortOf(signal, error);
  if (isStopped)
    return { outcome: "cancelled", reason: `cancelled ${runId === null ? "before it started" : "by a person"}` };
  const { message, windowHint } = asLabError(error);
  const after = stop === undefined ? "" : AFTER;
  return { outcome: "error", reason: `${message}${windowHint === undefined ? "" : `; ${windowHint}`}${after}` };
}

function scenarioOf({ scenario }: ScenarioSpec): LoadedScenario {
  const [loaded] = typeof scenario === "string" ? [] : readScenarios(scenario);
  if (loaded === undefined) throw new LabError("bad-input", "the run has no scenario's text");
  return loaded;
}

function notUp(error: unknown): never {
  const { code, message, hint, windowHint } = asLabError(error);
  const both = hint === undefined || windowHint === undefined ? {} : { hint: { terminal: hint, window: windowHint } };
  throw new LabError(code, `${STACK_NOT_UP}${message}`, { ...both, cause: error });
}
