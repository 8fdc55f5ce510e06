/** Delays only the end of the stream. */
import { Stage } from "./stage.ts";

export class SlowCloseStage extends Stage {
  #timer: NodeJS.Timeout | undefined;
  #endedMs: number | undefined;

  override write(chunk: Buffer): void {
    this.next.write(chunk);
  }

  override end(): void {
    this.#endedMs = this.context.now();
    this.context.hit("close delayed");
    this.#arm();
  }

  override changed(): void {
    if (this.#endedMs !== undefined) this.#arm();
  }

  override release(): void {
    if (this.#endedMs === undefined) return;
    this.dispose();
    this.next.end();
  }

  override dispose(): void {
    clearTimeout(this.#timer);
    this.#endedMs = undefined;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const leftMs = (this.#endedMs ?? 0) + this.context.toxic.number("delay") - this.context.now();
    this.#timer = setTimeout(() => this.release(), Math.max(0, leftMs));
  }
}
