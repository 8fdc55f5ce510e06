/** One toxic on one direction of one connection: receives bytes and passes them to `next` as the toxic determines. */
import type { Toxic } from "../toxics/toxic.ts";

/** The destination of bytes and their end. */
export interface Port {
  write(chunk: Buffer): void;
  end(): void;
}

export interface StageContext {
  toxic: Toxic;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** The reproducible random sequence of this connection, in [0, 1). */
  random(): number;
  /** Records that the toxic affected this connection. */
  hit(effect: string): void;
  /** To be called after bytes were passed on outside of `write`, so that a paused source is resumed. */
  passedOn(): void;
  /** Makes the next end that leaves the lane end both sides of the connection. */
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

  /** Number of bytes held here. */
  get held(): number {
    return 0;
  }

  /** True: the source is paused until fewer bytes are held here. */
  get isFull(): boolean {
    return false;
  }

  /** The toxic's attributes were changed. */
  changed(): void {}

  /** The toxic is being removed: everything held is passed on now, in order. */
  release(): void {}

  /** The connection is closed: clear all timers. */
  dispose(): void {}

  /** Ends both sides of the connection after passed bytes have left the later stages. */
  protected closeConnection(): void {
    this.context.closeAtEnd();
    this.next.end();
  }
}
