import { formatDuration } from "../model/duration.ts";

/**
 * The abort signal of one operation: aborts with its parent signal, by {@link abort}, or after a time limit. {@link end}
 * removes its timer and its listener. `AbortSignal.any` and `AbortSignal.timeout` cannot be ended: a long-lived parent
 * signal, or a long limit, keeps their listeners in memory.
 */
export class AbortScope {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onAbort = () => this.abort(this.#parent.reason);
  #timer: NodeJS.Timeout | undefined;

  /** @param limitMs aborts after this time, with a `TimeoutError`: see {@link isTimeout} */
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

  /** Aborts, unless already aborted: the first reason stays. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
    this.end();
  }

  /** Detaches it from its parent and its time limit: only {@link abort} aborts it from then on. */
  end(): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * Runs the work with a time limit, and passes it a signal of its own.
 * @throws the reason of `signal`, or a `TimeoutError` after `limitMs`, even if the work does not react to its signal
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

/** The work's result. @throws the signal's reason as soon as it aborts; the work may still continue unobserved */
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

/** Whether an error only reports that the signal has aborted. */
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
