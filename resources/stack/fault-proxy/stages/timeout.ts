/**
 * Drops all data and closes the connection `timeout` ms after the toxic met it; 0 never closes. The clock runs from
 * there and no chunk starts it again. Removing the toxic closes the connection, as it does in Toxiproxy: bytes were
 * lost, so that what follows would make no sense to either side.
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

  /** The end of a stream is dropped like its data: the peer must not learn anything. */
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
