import { randomUUID } from "node:crypto";
import { endedAsExpected, type PaceKind, type QueueEntry, type RunQueue as QueueState } from "../../contract/runs.ts";
import { activityOf } from "../../model/catalogue/catalogue.ts";
import { headlineOf } from "../../model/headline/headline.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { visibleLine } from "../../model/visible-text.ts";
import { isAbortOf } from "../abort-scope.ts";
import { asLabError, LabError } from "../lab-error.ts";
import type { LoadedScenario } from "../scenarios/load.ts";
import type { PlaylistRun } from "../scenarios/playlist.ts";
import type { RunResult } from "./runner.ts";

/** Bounds the queue against a page that adds runs in a loop. */
const QUEUE_LIMIT = 1_000;
const ENDED_KEPT = 100;
const UNWATCHED: Watched = { pace: "none", isAttended: false };

/** How the runs of a batch are watched. */
export interface Watched {
  pace: PaceKind;
  /** Whether a person watches each of them, who can be asked to decide. */
  isAttended: boolean;
}

interface QueuedRun {
  entry: QueueEntry;
  loaded: LoadedScenario;
  watched: Watched;
  abort: AbortController;
  batch: QueuedBatch;
}

/** Runs that were requested together. */
class QueuedBatch {
  readonly id = randomUUID();
  readonly of: number;
  readonly #ended: QueueEntry[] = [];

  constructor(of: number) {
    this.of = of;
  }

  end(entry: QueueEntry): void {
    this.#ended.push(entry);
    if (this.#ended.length < this.of) return;
    entry.batchResult = { asExpected: this.#ended.filter(endedAsExpected).length };
  }
}

export interface QueueParts {
  /** Runs one scenario to its end on a stack that is up. Reports by `onActivity` what is done before its first event. */
  run: (
    loaded: LoadedScenario,
    without: readonly string[],
    signal: AbortSignal,
    listen: (event: LabEvent) => void,
    onActivity: (activity: string) => void,
    watched: Watched,
  ) => Promise<RunResult>;
  /** After the last run of the queue. */
  onIdle: () => Promise<void>;
  onChange: () => void;
  onEnded: (entry: QueueEntry) => void;
  /** Called with errors thrown by the other three callbacks; the queue continues. */
  onFailure: (error: unknown) => void;
  wallMs: () => number;
}

/** Runs requested runs one after another, since they share the stack. */
export class RunQueue {
  readonly #parts: Pick<QueueParts, "run" | "wallMs">;
  /** Guarded callbacks: none of them throws. */
  readonly #onIdle: () => Promise<void>;
  readonly #onChange: () => void;
  readonly #onEnded: (entry: QueueEntry) => void;
  readonly #waiting: QueuedRun[] = [];
  readonly #ended: QueueEntry[] = [];
  #running: QueuedRun | undefined;
  #working: Promise<void> | undefined;

  constructor(parts: QueueParts) {
    const { onIdle, onChange, onEnded, onFailure } = parts;
    this.#parts = parts;
    this.#onIdle = () => guarded(onIdle, onFailure);
    this.#onChange = () => void guarded(onChange, onFailure);
    this.#onEnded = (entry) => void guarded(() => onEnded(entry), onFailure);
  }

  get isBusy(): boolean {
    return this.#working !== undefined;
  }

  /** The id of the run in progress, once it has started. */
  get runningRunId(): string | null {
    return this.#running?.entry.runId ?? null;
  }

  state(): QueueState {
    const active = [...(this.#running === undefined ? [] : [this.#running]), ...this.#waiting];
    return { active: active.map(({ entry }) => ({ ...entry })), ended: this.#ended.map((entry) => ({ ...entry })) };
  }

  /** @throws LabError when the queue is full */
  add(scenarios: readonly LoadedScenario[], without: readonly string[], watched = UNWATCHED): QueueEntry[] {
    return this.addRuns(
      scenarios.map((loaded) => ({ loaded, without, showsFailure: false, isCompared: false })),
      watched,
    );
  }

  /** @throws LabError when the queue is full */
  addRuns(runs: readonly PlaylistRun[], watched: Watched): QueueEntry[] {
    if (this.#waiting.length + runs.length > QUEUE_LIMIT) {
      throw new LabError("busy", `the queue holds ${QUEUE_LIMIT} runs at most`, { hint: "wait, or cancel some" });
    }
    const batch = new QueuedBatch(runs.length);
    const wanted = runs.map(({ loaded, without, showsFailure, isCompared }, index): QueuedRun => {
      const { id, of } = batch;
      const isPaced = watched.pace === "person";
      const entry = this.#entry(loaded, without, {
        ...{ id, of, number: index + 1, showsFailure, isCompared, isPaced },
      });
      return { entry, loaded, watched, abort: new AbortController(), batch };
    });
    this.#waiting.push(...wanted);
    this.#working ??= this.#work();
    this.#onChange();
    return wanted.map(({ entry }) => ({ ...entry }));
  }

  /** A run in progress rolls back first and then ends as cancelled; a waiting one ends at once. */
  cancel(entryId: string): void {
    const waiting = this.#waiting.filter(({ entry }) => entryId === "all" || entry.entryId === entryId);
    const running = this.#running;
    const isRunning = running !== undefined && (entryId === "all" || running.entry.entryId === entryId);
    if (waiting.length === 0 && !isRunning && entryId !== "all") {
      throw new LabError("bad-input", "that run is not in the queue", { hint: "it may have ended meanwhile" });
    }
    for (const wanted of waiting) {
      this.#waiting.splice(this.#waiting.indexOf(wanted), 1);
      this.#end(wanted, "cancelled", "cancelled before it started");
    }
    if (isRunning) {
      running.entry.cancelling = true;
      running.abort.abort(new LabError("internal", "cancelled by a person"));
    }
    this.#onChange();
  }

  /** Cancels everything and resolves when the run in progress has been rolled back. */
  async stop(): Promise<void> {
    this.cancel("all");
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let wanted = this.#waiting.shift(); wanted; wanted = this.#waiting.shift()) {
      this.#running = wanted;
      await this.#runOne(wanted);
      this.#running = undefined;
    }
    await this.#onIdle();
    this.#working = undefined;
    // Runs that were added during onIdle.
    if (this.#waiting.length > 0) this.#working = this.#work();
    this.#onChange();
  }

  async #runOne(wanted: QueuedRun): Promise<void> {
    const { entry, loaded, watched, abort } = wanted;
    entry.state = "running";
    entry.startedWallMs = this.#parts.wallMs();
    const onActivity = (activity: string) => {
      if (entry.activity === activity) return;
      entry.activity = activity;
      this.#onChange();
    };
    const model = new RunModel();
    const listen = (event: LabEvent) => {
      entry.runId = event.runId;
      model.take(event);
      const activity = activityOf(event);
      if (activity !== undefined) onActivity(activity);
    };
    const failed = (error: unknown): Ending => {
      const when = entry.runId === null ? "before it started" : "by a person";
      if (isAbortOf(abort.signal, error)) return { outcome: "cancelled", reason: `cancelled ${when}` };
      const after = abort.signal.aborted ? " (after it was cancelled)" : "";
      return { outcome: "error", reason: `${explain(error)}${after}` };
    };
    const { outcome, reason } = await this.#parts
      .run(loaded, entry.without, abort.signal, listen, onActivity, watched)
      .catch(failed);
    if (model.started !== undefined) entry.headline = headlineOf(model);
    this.#end(wanted, outcome, reason);
  }

  #end({ entry, batch }: QueuedRun, outcome: NonNullable<QueueEntry["outcome"]>, reason: string): void {
    Object.assign(entry, { state: "ended", outcome, reason, cancelling: false, activity: "" });
    batch.end(entry);
    this.#ended.unshift(entry);
    this.#ended.length = Math.min(this.#ended.length, ENDED_KEPT);
    this.#onEnded({ ...entry });
    this.#onChange();
  }

  #entry({ scenario }: LoadedScenario, without: readonly string[], batch: QueueEntry["batch"]): QueueEntry {
    return {
      entryId: randomUUID(),
      state: "queued",
      scenarioId: scenario.id,
      scenarioTitle: visibleLine(scenario.title),
      without: [...without],
      batch,
      queuedWallMs: this.#parts.wallMs(),
      runId: null,
      startedWallMs: null,
      outcome: null,
      reason: null,
      headline: null,
      cancelling: false,
      batchResult: null,
      activity: "waiting",
    };
  }
}

async function guarded(hook: () => unknown, onFailure: (error: unknown) => void): Promise<void> {
  try {
    await hook();
  } catch (error) {
    onFailure(error);
  }
}

type Ending = Pick<RunResult, "outcome" | "reason">;

function explain(error: unknown): string {
  const { message, windowHint } = asLabError(error);
  return windowHint === undefined ? message : `${message}; ${windowHint}`;
}
