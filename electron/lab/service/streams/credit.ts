/** Messages that may be under way before the window has acknowledged any: what it asks for at their sight comes first. */
export const FIRST_WINDOW = 4;
/** And later: a megabyte or so, enough for both sides to be at work all the time. */
export const WINDOW = 32;

/**
 * What one stream may still send. The transports themselves take any amount and hold it in memory, so a window that has
 * stopped reading is noticed only by what it no longer acknowledges.
 */
export class Credit {
  #sent = 0;
  #acknowledged = 0;
  #window = FIRST_WINDOW;
  #resume: (() => void) | undefined;

  get unacknowledged(): number {
    return this.#sent - this.#acknowledged;
  }

  /** The number of the next message, once it may be sent. @throws the signal's reason */
  async next(signal: AbortSignal): Promise<number> {
    while (this.unacknowledged >= this.#window) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => resolve();
      this.#resume = wake;
      signal.addEventListener("abort", wake, { once: true });
      await promise;
      signal.removeEventListener("abort", wake);
    }
    signal.throwIfAborted();
    return ++this.#sent;
  }

  /** Numbers of messages never sent are passed over: the other side is not to be trusted with arithmetic. */
  acknowledge(message: number): void {
    if (message > this.#sent || message <= this.#acknowledged) return;
    this.#acknowledged = message;
    this.#window = Math.min(WINDOW, 2 * this.#window);
    this.#resume?.();
    this.#resume = undefined;
  }
}
