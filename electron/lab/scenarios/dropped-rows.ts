/** Counts the rows that a gateway has dropped since the method started. The gateway's counter restarts at 0 with it. */
export class DroppedRows {
  #last = 0;
  #lost = 0;

  /** Ignores what was dropped before. */
  begin(dropped: number): void {
    this.#last = dropped;
  }

  see(dropped: number): void {
    this.#lost += dropped >= this.#last ? dropped - this.#last : dropped;
    this.#last = dropped;
  }

  get lost(): number {
    return this.#lost;
  }
}
