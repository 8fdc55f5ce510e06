/** The beginning of a body, up to a limit. */
export class BodyText {
  readonly #limit: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes came that are beyond the limit. */
  isCut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: Buffer): void {
    const left = this.#limit - this.#bytes;
    const kept = piece.length <= left ? piece : piece.subarray(0, left);
    this.isCut ||= kept !== piece;
    if (kept.length === 0) return;
    this.#pieces.push(kept);
    this.#bytes += kept.length;
  }

  bytes(): Buffer {
    const [first] = this.#pieces;
    return first && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
  }
}
