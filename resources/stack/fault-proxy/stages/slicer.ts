/** Cuts chunks into slices of average_size +- size_variation bytes with `delay` microseconds between them. */
import { limits } from "../limits.ts";
import { mostATurn } from "./delay-queue.ts";
import { DelayingStage } from "./delaying-stage.ts";

export class SlicerStage extends DelayingStage {
  #lastDueMs = 0;

  override write(chunk: Buffer): void {
    const isIdle = this.queue.isEmpty;
    if (isIdle) this.context.hit("sliced");
    const delayMs = this.context.toxic.number("delay") / 1_000;
    const now = this.context.now();
    if (isIdle) this.#lastDueMs = now - delayMs;
    let leftThisTurn = mostATurn;
    const variation = this.context.toxic.number("size_variation");
    for (const slice of slices(chunk, this.#averageSize, variation, this.context.random)) {
      this.#lastDueMs += delayMs;
      leftThisTurn -= 1;
      if (this.queue.isEmpty && this.#lastDueMs <= now && leftThisTurn > 0) this.next.write(slice);
      else this.queue.push(slice, this.#lastDueMs);
    }
  }

  override get isFull(): boolean {
    return this.queue.bytes >= limits.heldPerLaneWhenCrowded;
  }

  get #averageSize(): number {
    return this.context.toxic.number("average_size");
  }
}

/**
 * Halves the chunk recursively, each cut shifted by up to the variation, until a piece is within average + variation. Every
 * piece has at least one byte for all settings, so the recursion terminates.
 */
export function slices(chunk: Buffer, averageSize: number, variation: number, random: () => number): Buffer[] {
  const done: Buffer[] = [];
  const open = [chunk];
  for (let piece = open.pop(); piece; piece = open.pop()) {
    if (piece.length <= 1 || piece.length - averageSize <= variation) {
      done.push(piece);
      continue;
    }
    const moved = Math.floor(piece.length / 2) + Math.floor((random() * 2 - 1) * variation);
    const cut = Math.min(piece.length - 1, Math.max(1, moved));
    open.push(piece.subarray(cut), piece.subarray(0, cut));
  }
  return done;
}
