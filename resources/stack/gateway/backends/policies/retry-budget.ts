/** How many retries a backend gets: a share of its calls, so that an outage multiplies the load by no more than that. */
export class RetryBudget {
  readonly #share: number;
  readonly #most: number;
  #tokens: number;

  /** `share`: retries for each call, such as 0.1. `most`: how many can be saved up. */
  constructor(share: number, most: number) {
    this.#share = share;
    this.#most = most;
    this.#tokens = most;
  }

  called(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + this.#share);
  }

  /** False if there is none left. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
