/**
 * Messages that may be under way to a window before it has acknowledged any of them: half a megabyte or so, and enough for
 * both sides to be at work all the time.
 */
export const WINDOW = 16;

/**
 * What one stream may still send. The transports themselves take any amount and hold it in memory, so a window that has
 * stopped reading is noticed only by what it no longer acknowledges.
 */
export class Credit {
  #sent = 0;
  #acknowledged = 0;
  #resume: (() => void) | undefined;

  get unacknowledged(): number {
    return this.#sent - this.#acknowledged;
  }

  /** The number of the next message, once it may be sent. @throws the signal's reason */
  async next(signal: AbortSignal): Promise<number> {
    while (this.unacknowledged >= WINDOW) {
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
    this.#resume?.();
    this.#resume = undefined;
  }
}
