/**
 * The run's one clock: milliseconds since it began, monotonic. What another clock has stamped is brought onto it here and
 * nowhere else: offset by when the run began, and held within what the run has seen, since clocks differ and may jump.
 */
export class RunClock {
  #zeroWallMs = Number.NaN;

  /** @param first the run's first event, which has both times */
  start(first: { atMs: number; wallMs: number }): void {
    this.#zeroWallMs = first.wallMs - first.atMs;
  }

  /**
   * @param wallMs of a clock that follows the time of day
   * @param seenMs when the run heard of it, on its own clock: it cannot have happened later
   */
  at(wallMs: number, seenMs: number): number {
    return Number.isNaN(this.#zeroWallMs) ? seenMs : Math.min(seenMs, Math.max(0, wallMs - this.#zeroWallMs));
  }
}
