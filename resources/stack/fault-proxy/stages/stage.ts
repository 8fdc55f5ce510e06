/** One toxic's hold on one direction of one connection: bytes come in, and go on to `next` when the toxic lets them. */
import type { Toxic } from "../toxics/toxic.ts";

/** Where bytes and their end go. */
export interface Port {
  write(chunk: Buffer): void;
  end(): void;
}

export interface StageContext {
  toxic: Toxic;
  /** Milliseconds of a clock that never steps back. */
  now(): number;
  /** The repeatable sequence of this connection, in [0, 1). */
  random(): number;
  /** Notes that the toxic did something to this connection. */
  hit(effect: string): void;
  /** To be called after bytes were passed on outside of `write`, so that a paused source is read again. */
  passedOn(): void;
  /** The next end that leaves the lane ends both sides of the connection. */
  closeAtEnd(): void;
  /** Ends both sides at once with a TCP reset. */
  resetConnection(): void;
}

export abstract class Stage implements Port {
  readonly context: StageContext;
  next: Port;

  constructor(context: StageContext, next: Port) {
    this.context = context;
    this.next = next;
  }

  abstract write(chunk: Buffer): void;

  end(): void {
    this.next.end();
  }

  /** Bytes that wait here. */
  get held(): number {
    return 0;
  }

  /** True: the source is not read until less waits here. */
  get isFull(): boolean {
    return false;
  }

  /** The toxic's attributes were changed. */
  changed(): void {}

  /** The toxic is being removed: everything that waits goes on now, in order. */
  release(): void {}

  /** The connection is gone: no timer may be left. */
  dispose(): void {}

  /** Ends both sides of the connection after what was passed on has left the stages behind this one. */
  protected closeConnection(): void {
    this.context.closeAtEnd();
    this.next.end();
  }
}
