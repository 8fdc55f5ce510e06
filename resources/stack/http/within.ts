/**
 * Work that ends with one of several signals, or after a time limit. Nothing of it is left once the work is over:
 * AbortSignal.any keeps an entry for each use at a signal that lives on, and AbortSignal.timeout its timer until that is due.
 *
 * @throws whatever the work does with the signal's reason, a `TimeoutError` after the limit
 */
export async function within<T>(
  signals: readonly AbortSignal[],
  limitMs: number | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const listeners = signals.map((signal) => ({ signal, onAbort: () => controller.abort(signal.reason) }));
  for (const { signal, onAbort } of listeners) {
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  }
  const onLimit = () => controller.abort(new DOMException(`not done within ${limitMs} ms`, "TimeoutError"));
  const timer = limitMs === undefined ? undefined : setTimeout(onLimit, limitMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    for (const { signal, onAbort } of listeners) signal.removeEventListener("abort", onAbort);
  }
}
