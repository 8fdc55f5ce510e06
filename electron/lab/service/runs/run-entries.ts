import { randomUUID } from "node:crypto";
import { endedAsExpected, type QueueEntry, type RunQueue } from "../../../contract/runs.ts";
import { headlineOf } from "../../../model/headline/headline.ts";
import type { RunModel } from "../../../model/run-model.ts";
import { visibleLine } from "../../../model/visible-text.ts";
import type { QueuedRun } from "../../history/queue-store.ts";
import { LabError } from "../../lab-error.ts";
import type { ScenarioSpec } from "../../queue/run-spec.ts";

/** Bounds the queue against a page that adds runs in a loop. */
const QUEUE_LIMIT = 1_000;
const ENDED_KEPT = 100;

export interface WantedRun {
  scenarioId: string;
  scenarioTitle: string;
  without: readonly string[];
  showsFailure: boolean;
  isCompared: boolean;
}

export interface RunEntriesParts {
  onChange: () => void;
  onEnded: (entry: QueueEntry) => void;
  wallMs: () => number;
}

/** What windows are shown of the runs on the lab's stack. The rows of the queue decide; this is what is known of them now. */
export class RunEntries {
  readonly #parts: RunEntriesParts;
  #active: QueueEntry[] = [];
  readonly #ended: QueueEntry[] = [];
  /** Those of which a run is still to end. */
  readonly #batches = new Map<string, { asExpected: number; hasBegun: boolean; hasLast: boolean }>();
  /** Set by whoever counts them. */
  left = 0;

  constructor(parts: RunEntriesParts) {
    this.#parts = parts;
  }

  get hasActive(): boolean {
    return this.#active.length > 0;
  }

  get running(): QueueEntry | undefined {
    return this.#active.find(({ state }) => state === "running");
  }

  get queued(): QueueEntry[] {
    return this.#active.filter(({ state }) => state === "queued");
  }

  state(): Omit<RunQueue, "pause"> {
    const rank = ({ state, from }: QueueEntry) => (state === "running" ? 0 : from === "window" ? 1 : 2);
    const active = [...this.#active].sort((one, other) => rank(one) - rank(other));
    return { active: copies(active), ended: copies(this.#ended), left: this.left };
  }

  find(entryId: string): QueueEntry | undefined {
    return this.#active.find((entry) => entry.entryId === entryId);
  }

  /**
   * Adds runs that are requested together.
   * @param isPaced they wait for a person before each step @throws LabError when the queue is full
   */
  add(runs: readonly WantedRun[], isPaced = false): QueueEntry[] {
    if (this.#active.length + runs.length > QUEUE_LIMIT) {
      throw new LabError("busy", `the queue holds ${QUEUE_LIMIT} runs at most`, { hint: "wait, or cancel some" });
    }
    const id = randomUUID();
    const added = runs.map(({ scenarioId, scenarioTitle, without, showsFailure, isCompared }, index) =>
      this.#entry({
        entryId: randomUUID(),
        scenarioId,
        scenarioTitle: visibleLine(scenarioTitle),
        without: [...without],
        batch: { id, number: index + 1, of: runs.length, showsFailure, isCompared, isPaced },
        from: "window",
      }),
    );
    this.#active.push(...added);
    this.#parts.onChange();
    return added;
  }

  /** A run that is in the queue already: one that a terminal has submitted, or that an earlier lab left. */
  adopt({ runId, spec }: QueuedRun, from: QueueEntry["from"]): QueueEntry {
    const known = this.find(runId);
    if (known !== undefined) return known;
    const { scenario, without, shown } = spec as ScenarioSpec;
    const scenarioId = typeof scenario === "string" ? scenario : (scenario.id ?? "scenario");
    const title = typeof scenario === "string" ? scenario : (scenario.title ?? scenarioId);
    const entry = this.#entry({
      entryId: runId,
      scenarioId,
      scenarioTitle: visibleLine(title),
      without: [...without],
      batch: shown?.batch ?? { id: runId, number: 1, of: 1, showsFailure: false, isCompared: false, isPaced: false },
      from,
    });
    this.#active.push(entry);
    this.#parts.onChange();
    return entry;
  }

  begin(entry: QueueEntry): void {
    Object.assign(entry, { state: "running", startedWallMs: this.#parts.wallMs(), runId: null, activity: "preparing" });
    this.#parts.onChange();
  }

  does(entry: QueueEntry, activity: string): void {
    if (entry.activity === activity) return;
    entry.activity = activity;
    this.#parts.onChange();
  }

  end(entry: QueueEntry, outcome: NonNullable<QueueEntry["outcome"]>, reason: string, model?: RunModel): void {
    if (entry.state === "ended") return;
    Object.assign(entry, { state: "ended", outcome, reason, cancelling: false, activity: "" });
    if (model?.started !== undefined) entry.headline = headlineOf(model);
    this.#active = this.#active.filter((each) => each !== entry);
    this.#ended.unshift(entry);
    this.#ended.length = Math.min(this.#ended.length, ENDED_KEPT);
    entry.batchResult = this.#resultOf(entry);
    this.#parts.onEnded({ ...entry });
    this.#parts.onChange();
  }

  /** Null until all runs of the batch have ended, the one at its end included, and where none of them had begun. */
  #resultOf(entry: QueueEntry): QueueEntry["batchResult"] {
    const { id, number, of } = entry.batch;
    const ended = this.#batches.get(id) ?? { asExpected: 0, hasBegun: false, hasLast: false };
    if (endedAsExpected(entry.outcome, entry.batch.showsFailure)) ended.asExpected++;
    ended.hasBegun ||= entry.runId !== null;
    ended.hasLast ||= number === of;
    const isOver = ended.hasLast && !this.#active.some(({ batch }) => batch.id === id);
    if (isOver) this.#batches.delete(id);
    else this.#batches.set(id, ended);
    return isOver && ended.hasBegun ? { asExpected: ended.asExpected } : null;
  }

  #entry(
    given: Pick<QueueEntry, "entryId" | "scenarioId" | "scenarioTitle" | "without" | "batch" | "from">,
  ): QueueEntry {
    return {
      ...given,
      state: "queued",
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

function copies(entries: readonly QueueEntry[]): QueueEntry[] {
  return entries.map((entry) => ({ ...entry }));
}
