import { formatDuration } from "../../model/duration.ts";
import { AbortScope } from "../abort-scope.ts";
import type { FaultJournal } from "../journal/fault-journal.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { StrayErrors } from "../stray-errors.ts";
import { endingWithout, RunStopped } from "./run-stopped.ts";

export interface StopSources {
  stack: RunningStack;
  journal: FaultJournal;
  strays: StrayErrors;
}

/** Stops a run from outside of its steps: a person, a halt, its time limit, the removal of its stack, an error that nothing has awaited. */
export class RunStops {
  readonly #scope: AbortScope;
  readonly #journal: FaultJournal;
  readonly #limit: NodeJS.Timeout | undefined;
  readonly #unsubscribe: (() => void)[];
  #unexpected: string | undefined;

  /** @param limitMs the run ends as an error after that time */
  constructor(cancel: AbortSignal, { stack, journal, strays }: StopSources, limitMs: number | undefined) {
    this.#scope = new AbortScope(cancel);
    this.#journal = journal;
    this.#limit = limitMs === undefined ? undefined : setTimeout(() => this.#endLate(limitMs), limitMs);
    const take = (error: unknown) => this.#takeUnexpected(error);
    this.#unsubscribe = [
      strays.listen(take),
      stack.health.onFailure(take),
      journal.onHalted(() => this.#halt(), take),
      stack.onChange(() => stack.isGone && this.#endWithout(stack)),
    ];
    // A halt that came just before.
    this.#checkForHalt();
  }

  /** Aborts with a {@link RunStopped}, or with the reason of the cancelling signal. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** Message of the first unawaited error since the run started, including the rollback. */
  get unexpected(): string | undefined {
    return this.#unexpected;
  }

  /** @throws the reason why the run is stopped, including a halt that has not been noticed yet */
  checkNow(): void {
    this.#checkForHalt();
    this.signal.throwIfAborted();
  }

  end(): void {
    clearTimeout(this.#limit);
    this.#scope.end();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #endLate(limitMs: number): void {
    this.#scope.abort(new RunStopped("error", `the run did not end within ${formatDuration(limitMs)}`));
  }

  #endWithout({ registered }: RunningStack): void {
    const { outcome, reason } = endingWithout(registered.project);
    this.#scope.abort(new RunStopped(outcome, reason));
  }

  #checkForHalt(): void {
    try {
      if (this.#journal.haltedSince() !== undefined) this.#halt();
    } catch (error) {
      this.#takeUnexpected(error);
    }
  }

  #halt(): void {
    this.#scope.abort(new RunStopped("cancelled", "everything was halted"));
  }

  #takeUnexpected(error: unknown): void {
    const isExplained = error instanceof LabError;
    this.#unexpected ??= isExplained ? error.message : `the lab itself failed, unexpectedly: ${messageOf(error)}`;
    this.#scope.abort(new RunStopped("error", this.#unexpected));
  }
}
