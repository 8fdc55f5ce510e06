/**
 * Passes `rate` KB/s (1 KB = 1000 bytes, so `rate` bytes per millisecond). Bytes are sent by schedule: a piece of n bytes is
 * due n / rate ms after the previous one, and late timers are compensated, so that errors do not accumulate. A rate of 0 is
 * a total stall, as in Toxiproxy: neither data nor a later end is sent until the rate changes.
 */
import { Stage } from "./stage.ts";

/** Duration of a piece: short enough for a steady rate, long enough for a low cost. */
const pieceMs = 10;
const toleranceMs = 0.5;
/** A shorter pause of the source is attributed to the event loop: the schedule continues. */
const slackMs = 10;
const heldMs = 100;

export class BandwidthStage extends Stage {
  #queue: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  /** When the last piece was due. */
  #scheduledMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  override write(chunk: Buffer): void {
    if (this.#queue.length === 0) {
      const now = this.context.now();
      if (now - this.#scheduledMs > slackMs) {
        this.#scheduledMs = now;
        this.context.hit(this.#rate === 0 ? "stalled" : "throttled");
      }
    }
    this.#queue.push(chunk);
    this.#bytes += chunk.length;
    if (!this.#timer) this.#arm();
  }

  override end(): void {
    this.#ended = true;
    if (this.#queue.length === 0) this.next.end();
  }

  override get held(): number {
    return this.#bytes;
  }

  override get isFull(): boolean {
    return this.#bytes >= Math.min(Math.max(this.#rate * heldMs, 64 * 1024), 4 * 1024 * 1024);
  }

  override changed(): void {
    const isIdle = this.#queue.length === 0;
    this.#scheduledMs = isIdle ? Number.NEGATIVE_INFINITY : this.context.now();
    if (!isIdle) this.#arm();
  }

  override release(): void {
    clearTimeout(this.#timer);
    const pending = this.#queue;
    this.#queue = [];
    this.#bytes = 0;
    for (const chunk of pending) this.next.write(chunk);
    if (pending.length > 0 && this.#ended) this.next.end();
  }

  override dispose(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#bytes = 0;
  }

  get #rate(): number {
    return this.context.toxic.number("rate");
  }

  /** Number of bytes in the next piece. */
  get #pieceBytes(): number {
    return Math.min(this.#queue[0]?.length ?? 0, Math.max(1, this.#rate * pieceMs));
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rate === 0) return;
    const dueMs = this.#scheduledMs + this.#pieceBytes / this.#rate;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.floor(dueMs - this.context.now())));
  }

  #wake(): void {
    this.#timer = undefined;
    const until = this.context.now() + toleranceMs;
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      const size = this.#pieceBytes;
      const dueMs = this.#scheduledMs + size / this.#rate;
      if (dueMs > until) break;
      this.#scheduledMs = dueMs;
      if (size === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(size);
      this.#bytes -= size;
      this.next.write(first.subarray(0, size));
    }
    if (this.#queue.length > 0) this.#arm();
    else if (this.#ended) this.next.end();
    this.context.passedOn();
  }
}
