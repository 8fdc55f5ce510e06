/**
 * Errors that nothing has awaited or caught: thrown by a timer, a listener, a forgotten promise. A host reports those of
 * its process here; the work in progress then fails and restores what it has broken, and the process continues.
 */
export class StrayErrors {
  readonly #listeners = new Set<(error: unknown) => void>();

  report(error: unknown): void {
    for (const listener of [...this.#listeners]) listener(error);
  }

  /** Ends the subscription when called. */
  listen(listener: (error: unknown) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
