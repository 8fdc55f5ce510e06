import { AbortScope } from "./abort-scope.ts";
import { systemClock } from "./clock.ts";

/** For someone who looks again and again: waits between two looks, and is woken by what changes meanwhile or during a look. */
export class WakeUp {
  #isDue = false;
  #waiting: AbortScope | undefined;

  wake(): void {
    this.#isDue = true;
    this.#waiting?.abort(undefined);
  }

  /** Resolves after so many milliseconds, as soon as it is woken, or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isDue) {
      const waiting = new AbortScope(signal);
      this.#waiting = waiting;
      await systemClock.sleep(ms, waiting.signal).catch(() => {});
      waiting.end();
    }
    this.#isDue = false;
  }
}
