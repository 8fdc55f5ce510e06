/** Passes `bytes` bytes of a connection, then closes it. The count survives updates of the toxic. */
import { Stage } from "./stage.ts";

export class LimitDataStage extends Stage {
  #passed = 0;
  #isClosed = false;

  override write(chunk: Buffer): void {
    if (this.#isClosed) return;
    const limit = this.context.toxic.number("bytes");
    const allowed = chunk.subarray(0, Math.max(0, limit - this.#passed));
    this.#passed += allowed.length;
    if (allowed.length > 0) this.next.write(allowed);
    if (this.#passed < limit) return;
    this.#isClosed = true;
    this.context.hit(`connection closed after ${this.#passed} bytes`);
    this.closeConnection();
  }
}
