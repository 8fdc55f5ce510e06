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
 * Looks, while faults of a run are in force, whether they still are: by time, and at once when the engine tells of a
 * service. What has ended by itself or by someone else is closed then, and the run is not what it says it was.
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
      // Before the look: what changes while it is on its way is looked at again at once.
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      // A look that fails is made again, and at the latest by the undo, which tells of what keeps it from looking.
      await faults.closeEnded().catch(() => {});
      await clock.sleep(POLL_INTERVAL_MS, woken.signal).catch(() => {});
    }
  }
}
