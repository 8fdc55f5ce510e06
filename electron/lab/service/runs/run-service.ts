import type { PaceKind, QueueEntry, RunQueue as QueueState } from "../../../contract/runs.ts";
import { STACK_NOT_UP } from "../../../contract/stack-not-up.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { OTHER_STACK_HINT } from "../../../model/other-stack.ts";
import { orAbort } from "../../abort-scope.ts";
import { systemClock } from "../../clock.ts";
import type { RunStore } from "../../history/run-store.ts";
import { isProtected } from "../../journal/stack-register.ts";
import type { LabSession } from "../../lab.ts";
import { asLabError, LabError, messageOf } from "../../lab-error.ts";
import { Pace } from "../../runs/pace.ts";
import { RunQueue, type Watched } from "../../runs/run-queue.ts";
import type { RunResult } from "../../runs/runner.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import type { PlaylistRun } from "../../scenarios/playlist.ts";
import { referencesOf } from "../../scenarios/references.ts";
import { stackProblems } from "../../scenarios/stack-problems.ts";
import { assertProtections } from "../../stacks/protections.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import type { Operations } from "../operations/operations.ts";
import type { ImageBuilds } from "../stacks/image-builds.ts";
import type { StackController } from "../stacks/stack-controller.ts";
import type { RunFeeds } from "../streams/run-feeds.ts";

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
  /** Whether a run that begins now is to be recorded raw. */
  keepsRaw: () => boolean;
  /** Called with every event of these runs. */
  listen: (event: LabEvent) => void;
  onChange: () => void;
  onFailure: (error: unknown) => void;
  notify: (notice: string) => void;
}

/** The runs that a person has asked for: they wait, and share the lab's stack one after another. */
export class RunService {
  readonly #parts: RunServiceParts;
  readonly #queue: RunQueue;
  readonly #listeners = new Set<RunEndedListener>();
  /** Of the run in progress, if it is paced. */
  #pace: Pace | undefined;

  constructor(parts: RunServiceParts) {
    this.#parts = parts;
    this.#queue = new RunQueue({
      run: (...run) => this.#run(...run),
      onIdle: () => this.#protectionsOn(),
      onChange: parts.onChange,
      onEnded: (entry) => {
        for (const listener of this.#listeners) listener(entry);
      },
      onFailure: parts.onFailure,
      wallMs: () => systemClock.wallMs(),
    });
  }

  get isBusy(): boolean {
    return this.#queue.isBusy;
  }

  /** The run that is on, once it has begun. */
  get runningRunId(): string | null {
    return this.#queue.runningRunId;
  }

  onEnded(listener: RunEndedListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Puts runs into the queue. @throws LabError while halted, read-only, or for a name that is none here */
  start(
    scenarios: readonly LoadedScenario[],
    without: readonly string[],
    repeat: number,
    pace: PaceKind = "none",
  ): QueueEntry[] {
    this.#parts.operations.assertArmed();
    this.#parts.store.assertWritable();
    const off = [...new Set(without)].sort();
    assertProtections(this.#parts.stack.stack, off);
    const runs = Array.from({ length: repeat }, () => scenarios).flat();
    // Of several, a person does not wait for each.
    return this.#queue.add(runs, off, { pace, isAttended: runs.length === 1 || pace === "person" });
  }

  /** The runs of a playlist, each with its own protections. @throws LabError as {@link start} */
  play(playlist: readonly PlaylistRun[], pace: PaceKind): QueueEntry[] {
    this.#parts.operations.assertArmed();
    this.#parts.store.assertWritable();
    for (const { without } of playlist) assertProtections(this.#parts.stack.stack, [...without].sort());
    return this.#queue.addRuns(playlist, { pace, isAttended: true });
  }

  /** Ends the wait of the run in progress before its next step; false when it does not wait. */
  next(): boolean {
    return this.#pace?.next() ?? false;
  }

  /** @param entryId of one run, or `all` */
  cancel(entryId: string): void {
    this.#queue.cancel(entryId);
  }

  /** Cancels everything and resolves when the run that was on has restored what it broke. */
  stop(): Promise<void> {
    return this.#queue.stop();
  }

  state(): QueueState {
    return this.#queue.state();
  }

  async #run(
    loaded: LoadedScenario,
    without: readonly string[],
    signal: AbortSignal,
    listen: (event: LabEvent) => void,
    say: (activity: string) => void,
    { pace: paceKind, isAttended }: Watched,
  ): Promise<RunResult> {
    const { session, stack, feeds, keepsRaw } = this.#parts;
    assertForStack(loaded, stack.stack);
    say(stack.running === undefined ? "bringing the stack up" : "preparing");
    signal.throwIfAborted();
    const open = await orAbort(stack.up().catch(notUp), signal);
    const links = referencesOf(loaded.scenario).filter(({ kind }) => kind === "link");
    await this.#parts.builds.forLinks(
      open.running,
      links.map(({ name }) => name),
      signal,
    );
    if (without.join() !== open.running.registered.without?.join()) say("switching protections");
    let runId = "";
    const pace = paceKind === "none" ? undefined : new Pace(paceKind, systemClock);
    this.#pace = pace;
    try {
      const take = (event: LabEvent) => {
        runId = event.runId;
        this.#parts.listen(event);
        listen(event);
      };
      return await session.run(loaded, open, {
        ...open.target,
        ...{ without, keepRaw: keepsRaw(), signal, listen: take, pace, isAttended },
      });
    } finally {
      this.#pace = undefined;
      feeds.abandon(runId);
    }
  }

  /** After the last run of the queue. */
  async #protectionsOn(): Promise<void> {
    const { running } = this.#parts.stack;
    if (running === undefined || isProtected(running.registered)) return;
    try {
      await running.setProtectionsOff([], AbortSignal.timeout(PROTECT_LIMIT_MS));
    } catch (error) {
      this.#parts.notify(`protections could not be switched on again: ${messageOf(error)}`);
    }
  }
}

/** A stack that cannot serve the scenario is not brought up for it. @throws LabError `precondition` naming what it lacks */
function assertForStack(loaded: LoadedScenario, stack: Stack): void {
  const [first, ...more] = stackProblems([loaded], stack, ["service", "link", "role", "unreported"]);
  if (first === undefined) return;
  const rest = more.length === 0 ? "" : `, and ${more.length} more`;
  throw new LabError(
    "precondition",
    `the scenario is for another stack than ${stack.project}: ${first.message}${rest}`,
    {
      hint: OTHER_STACK_HINT,
    },
  );
}

function notUp(error: unknown): never {
  const { code, message, hint, windowHint } = asLabError(error);
  const both = hint === undefined || windowHint === undefined ? {} : { hint: { terminal: hint, window: windowHint } };
  throw new LabError(code, `${STACK_NOT_UP}${message}`, { ...both, cause: error });
}
