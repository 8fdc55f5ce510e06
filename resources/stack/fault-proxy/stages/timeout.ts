/**
 * Drops all data and closes the connection `timeout` ms after the toxic took effect on it, regardless of further chunks; 0
 * never closes. Removing the toxic closes the connection, as in Toxiproxy: bytes were lost, so the rest would be invalid.
 */
import { type Port, Stage, type StageContext } from "./stage.ts";

export class TimeoutStage extends Stage {
  readonly #metMs: number;
  #timer: NodeJS.Timeout | undefined;
  #hasDropped = false;

  constructor(context: StageContext, next: Port) {
    super(context, next);
    this.#metMs = context.now();
    this.changed();
  }

  override write(): void {
    if (this.#hasDropped) return;
    this.#hasDropped = true;
    this.context.hit("data dropped");
  }

  /** A stream's end is dropped like its data: the peer must not receive anything. */
  override end(): void {}

  override changed(): void {
    clearTimeout(this.#timer);
    const timeoutMs = this.context.toxic.number("timeout");
    if (timeoutMs === 0) return;
    const leftMs = this.#metMs + timeoutMs - this.context.now();
    this.#timer = setTimeout(() => this.#close("connection closed"), Math.max(0, leftMs));
  }

  override release(): void {
    this.#close("connection closed on removal");
  }

  override dispose(): void {
    clearTimeout(this.#timer);
  }

  #close(effect: string): void {
    clearTimeout(this.#timer);
    this.context.hit(effect);
    this.closeConnection();
  }
}
