import { formatDuration } from "../model/duration.ts";

/**
 * The abort signal of one piece of work: it aborts with the signal that the work was given, by {@link abort}, or after a
 * time limit. {@link end} leaves nothing behind, neither a timer nor a listener. `AbortSignal.any` and
 * `AbortSignal.timeout` cannot be ended: a long-lived signal, or a long limit, holds on to whatever has listened to them.
 */
export class AbortScope {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onAbort = () => this.abort(this.#parent.reason);
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs the reason is then a `TimeoutError`, see {@link isTimeout} */
  constructor(parent: AbortSignal, limitMs?: number) {
    this.#parent = parent;
    if (parent.aborted) {
      this.abort(parent.reason);
      return;
    }
    parent.addEventListener("abort", this.#onAbort, { once: true });
    if (limitMs !== undefined) this.#timer = setTimeout(() => this.abort(timeoutAfter(limitMs)), limitMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The first reason counts. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
    this.end();
  }

  /** From here on only {@link abort} aborts it. */
  end(): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * Does the work with a time limit. The signal that it is given is its own, and of no one else.
 * @throws the reason of `signal`, or a `TimeoutError` after `limitMs`, also when the work itself does not notice
 */
export async function within<Value>(
  signal: AbortSignal,
  limitMs: number,
  work: (limited: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const scope = new AbortScope(signal, limitMs);
  try {
    scope.signal.throwIfAborted();
    return await orAbort(work(scope.signal), scope.signal);
  } finally {
    scope.end();
  }
}

/** The work's result. @throws the signal's reason as soon as it aborts; the work may then still go on, unseen */
export async function orAbort<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** Whether an error only says that the signal has aborted, and nothing of its own. */
export function isAbortOf(signal: AbortSignal, error: unknown): boolean {
  if (!signal.aborted) return false;
  return (
    error === signal.reason ||
    (error instanceof Error && (error.cause === signal.reason || error.name === "AbortError"))
  );
}

function timeoutAfter(ms: number): DOMException {
  return new DOMException(`not done within ${formatDuration(ms)}`, "TimeoutError");
}
