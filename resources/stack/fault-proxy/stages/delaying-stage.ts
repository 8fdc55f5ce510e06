import { DelayQueue } from "./delay-queue.ts";
import { type Port, Stage, type StageContext } from "./stage.ts";

/** A stage that queues chunks until they are due; the end of the stream is passed on after the last of them. */
export abstract class DelayingStage extends Stage {
  protected readonly queue: DelayQueue;
  #ended = false;

  constructor(context: StageContext, next: Port) {
    super(context, next);
    this.queue = new DelayQueue(
      context.now,
      (chunk) => this.next.write(chunk),
      () => this.#settled(),
    );
  }

  override end(): void {
    this.#ended = true;
    if (this.queue.isEmpty) this.next.end();
  }

  override get held(): number {
    return this.queue.bytes;
  }

  override release(): void {
    const pending = !this.queue.isEmpty;
    this.queue.flush();
    if (pending && this.#ended) this.next.end();
  }

  override dispose(): void {
    this.queue.dispose();
  }

  #settled(): void {
    if (this.#ended && this.queue.isEmpty) this.next.end();
    this.context.passedOn();
  }
}
