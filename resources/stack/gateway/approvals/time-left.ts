/** How long the standing time of calls may be kept up: who asked for it may be gone. */
export const standsAtMostMs = 10 * 60_000;

/** The time that a held call has left. It can stand still while nobody could decide, and go on from there. */
export class TimeLeft {
  readonly #expire: () => void;
  #leftMs: number;
  #goesSinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(leftMs: number, expire: () => void) {
    this.#leftMs = Math.max(0, leftMs);
    this.#expire = expire;
  }

  get leftMs(): number {
    const goneMs = this.#goesSinceMs === undefined ? 0 : performance.now() - this.#goesSinceMs;
    return Math.max(0, this.#leftMs - goneMs);
  }

  go(): void {
    if (this.#goesSinceMs !== undefined) return;
    this.#goesSinceMs = performance.now();
    this.#timer = setTimeout(this.#expire, this.#leftMs);
  }

  stand(): void {
    this.#leftMs = this.leftMs;
    this.#goesSinceMs = undefined;
    clearTimeout(this.#timer);
  }

  set(leftMs: number): void {
    const goes = this.#goesSinceMs !== undefined;
    this.stand();
    this.#leftMs = leftMs;
    if (goes) this.go();
  }
}
