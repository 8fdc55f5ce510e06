/** Rows that a gateway has dropped since the method began. It counts from 0 again when it is started again. */
export class DroppedRows {
  #last = 0;
  #lost = 0;

  /** What was dropped before this is no part of the run. */
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
