/**
 * JSON-RPC batches, which 2025-03-26 has and later revisions do not. The requests run side by side; their responses come
 * together as one JSON array.
 */

import { errorCodes, errorText, type RequestMessage } from "../protocol/messages.ts";
import { type Caller, CallerLeft, type CallerWatch, type Exchange } from "../sessions/exchange.ts";

export const longestBatch = 50;

/** One request of a batch: it cannot stream, and leaves alone or with all the others. */
export class BatchMember implements Caller {
  readonly signal: AbortSignal;
  readonly #exchange: Exchange;
  readonly #controller = new AbortController();
  #watch: CallerWatch | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.signal = AbortSignal.any([exchange.signal, this.#controller.signal]);
    this.signal.addEventListener("abort", () => this.#watch?.onAbsent(), { once: true });
  }

  get present(): boolean {
    return !this.signal.aborted && this.#exchange.present;
  }

  notify(): void {}

  startWaiting(watch: CallerWatch): void {
    this.#watch = watch;
  }

  stopWaiting(): void {
    this.#watch = undefined;
  }

  leave(reason: string): void {
    this.#controller.abort(new CallerLeft(reason));
  }

  /** The response that `work` makes, or one that says why nobody waits for it any more. */
  response(request: RequestMessage, work: Promise<string>): Promise<string> {
    const left = new Promise<string>((resolve) => {
      const onAbort = (): void => {
        const { message } = this.signal.reason as Error;
        resolve(errorText(request.id, errorCodes.internal, `request dropped: ${message}`));
      };
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener("abort", onAbort, { once: true });
    });
    return Promise.race([work, left]);
  }
}
