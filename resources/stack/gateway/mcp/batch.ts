/**
 * JSON-RPC batches, which exist in 2025-03-26 and not in later revisions. The requests run concurrently; their responses are
 * sent together as one JSON array.
 */

import { errorCodes, errorText, type RequestMessage } from "../protocol/messages.ts";
import { type Caller, CallerLeft, type CallerWatch, type Exchange } from "../sessions/exchange.ts";

/** As the official SDK's. */
export const longestBatch = 100;

/** One request of a batch: it cannot stream, and is cancelled alone or with all others. */
export class BatchMember implements Caller {
  readonly signal: AbortSignal;
  readonly #exchange: Exchange;
  readonly #controller = new AbortController();
  #watch: CallerWatch | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.signal = this.#controller.signal;
    // The exchange ends with its batch.
    const onAbort = () => this.#controller.abort(exchange.signal.reason);
    if (exchange.signal.aborted) onAbort();
    else exchange.signal.addEventListener("abort", onAbort, { once: true });
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
    this.#controller.abort(new CallerLeft(reason, true));
  }

  /** The response from `work`, or an error with the reason why the caller left. */
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
