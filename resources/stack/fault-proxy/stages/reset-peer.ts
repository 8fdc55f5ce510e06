/** Resets both sides of the connection `timeout` ms after the first chunk. */
import { Stage } from "./stage.ts";

export class ResetPeerStage extends Stage {
  #timer: NodeJS.Timeout | undefined;
  #startedMs: number | undefined;

  override write(): void {
    if (this.#startedMs !== undefined) return;
    this.#startedMs = this.context.now();
    this.changed();
  }

  /** An end is dropped: passed on before the reset, it would be a clean close. */
  override end(): void {
    if (this.#startedMs === undefined) this.next.end();
  }

  override changed(): void {
    if (this.#startedMs === undefined) return;
    clearTimeout(this.#timer);
    const leftMs = this.#startedMs + this.context.toxic.number("timeout") - this.context.now();
    if (leftMs <= 0) this.#reset();
    else this.#timer = setTimeout(() => this.#reset(), leftMs);
  }

  /** Data was dropped, so the connection cannot continue. */
  override release(): void {
    if (this.#startedMs !== undefined) this.#reset();
  }

  override dispose(): void {
    clearTimeout(this.#timer);
  }

  #reset(): void {
    clearTimeout(this.#timer);
    this.context.hit("connection reset");
    this.context.resetConnection();
  }
}
