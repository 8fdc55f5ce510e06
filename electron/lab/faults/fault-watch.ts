import type { Clock } from "../clock.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { FaultInjector } from "./injector.ts";

const POLL_INTERVAL_MS = 200;

export interface FaultWatchParts {
  stack: RunningStack;
  faults: FaultInjector;
  clock: Clock;
}

/**
 * Checks whether the faults of a run are still in force: every {@link POLL_INTERVAL_MS}, and at once when the engine
 * reports a change. A fault that has ended by itself or by someone else is closed, and recorded as a flaw of the run.
 */
export class FaultWatch {
  readonly #parts: FaultWatchParts;
  readonly #forget: () => void;
  readonly #following: Promise<void>;
  #wake = () => {};
  #isClosed = false;

  private constructor(parts: FaultWatchParts) {
    this.#parts = parts;
    this.#forget = parts.stack.onChange(() => this.#wake());
    this.#following = this.#follow();
  }

  static start(parts: FaultWatchParts): FaultWatch {
    return new FaultWatch(parts);
  }

  async close(): Promise<void> {
    this.#forget();
    this.#isClosed = true;
    this.#wake();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { faults, clock } = this.#parts;
    while (!this.#isClosed) {
      // Before the check, so that a change during the check triggers another one.
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      // A failed check is repeated, at the latest by the undo, which reports the error.
      await faults.closeEnded().catch(() => {});
      await clock.sleep(POLL_INTERVAL_MS, woken.signal).catch(() => {});
    }
  }
}
