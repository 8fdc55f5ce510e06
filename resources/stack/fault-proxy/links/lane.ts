/**
 * One direction of one connection: a source socket, the stages of its armed toxics in the order of addition, and a sink.
 * Without stages a chunk costs one call and the sink's back-pressure applies to the source; with stages the source is also
 * paused while one of them is full.
 */
import type { Socket } from "node:net";
import { limits } from "../limits.ts";
import type { Port, Stage } from "../stages/stage.ts";
import type { Toxic } from "../toxics/toxic.ts";

/** The bytes held by all lanes together. */
export interface HeldBytes {
  total: number;
}

export interface LaneExit extends Port {
  /** Whether the source should pause: the sink's buffer is full, or a part behind the lane holds enough. */
  readonly isFull: boolean;
}

export class Lane {
  readonly #source: Socket;
  readonly #exit: LaneExit;
  readonly #held: HeldBytes;
  #stages: Stage[] = [];
  #entry: Port;
  #heldHere = 0;
  #isDisposed = false;
  #isPaused = false;

  constructor(source: Socket, exit: LaneExit, held: HeldBytes) {
    this.#source = source;
    this.#exit = exit;
    this.#entry = exit;
    this.#held = held;
  }

  get hasStages(): boolean {
    return this.#stages.length > 0;
  }

  receive(chunk: Buffer): void {
    this.#entry.write(chunk);
    if (this.#stages.length > 0 || this.#exit.isFull) this.settle();
  }

  receiveEnd(): void {
    this.#entry.end();
  }

  /** The `next` of a new last stage: the lane's sink. */
  get exit(): Port {
    return this.#exit;
  }

  append(stage: Stage): void {
    const last = this.#stages.at(-1);
    if (last) last.next = stage;
    else this.#entry = stage;
    this.#stages.push(stage);
    this.settle();
  }

  stageOf(toxic: Toxic): Stage | undefined {
    return this.#stages.find((stage) => stage.context.toxic === toxic);
  }

  /** Flushes the stage, then removes it or replaces it with `replacement`. */
  remove(stage: Stage, replacement?: Stage): void {
    const at = this.#stages.indexOf(stage);
    if (at === -1) return;
    stage.release();
    stage.dispose();
    const before = this.#stages[at - 1];
    const after = replacement ?? stage.next;
    if (replacement) replacement.next = stage.next;
    if (before) before.next = after;
    else this.#entry = after;
    this.#stages.splice(at, 1, ...(replacement ? [replacement] : []));
    this.settle();
  }

  /** Resumes or pauses the source, depending on the held bytes and the sink. */
  settle(): void {
    if (this.#isDisposed) return;
    let held = 0;
    let isFull = this.#exit.isFull;
    for (const stage of this.#stages) {
      held += stage.held;
      isFull ||= stage.isFull;
    }
    this.#held.total += held - this.#heldHere;
    this.#heldHere = held;
    isFull ||= held >= limits.heldPerLaneWhenCrowded && this.#held.total >= limits.heldOverall;
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#source.pause();
    else this.#source.resume();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const stage of this.#stages) stage.dispose();
    this.#held.total -= this.#heldHere;
    this.#heldHere = 0;
  }
}
