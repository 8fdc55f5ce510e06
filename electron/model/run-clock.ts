/**
 * The run's clock: monotonic, milliseconds since its start. Times of other clocks are converted only here: offset by the
 * start of the run, and clamped to the time seen so far, since clocks differ and may jump.
 */
export class RunClock {
  #zeroWallMs = Number.NaN;

  /** @param first the run's first event, which has both times */
  start(first: { atMs: number; wallMs: number }): void {
    this.#zeroWallMs = first.wallMs - first.atMs;
  }

  /**
   * @param wallMs time of day of another clock
   * @param seenMs when the run received it, on the run's clock: it cannot have happened later
   */
  at(wallMs: number, seenMs: number): number {
    return Number.isNaN(this.#zeroWallMs) ? seenMs : Math.min(seenMs, Math.max(0, wallMs - this.#zeroWallMs));
  }
}
