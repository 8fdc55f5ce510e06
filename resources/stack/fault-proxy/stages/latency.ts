/** Delays each chunk by latency +- jitter without changing the order; chunks overlap, so that throughput stays. */
import { limits } from "../limits.ts";
import { DelayQueue } from "./delay-queue.ts";
import { type Port, Stage, type StageContext } from "./stage.ts";

export class LatencyStage extends Stage {
  readonly #queue: DelayQueue;
  #ended = false;
  #latencyMs: number;

  constructor(context: StageContext, next: Port) {
    super(context, next);
    this.#latencyMs = context.toxic.number("latency");
    this.#queue = new DelayQueue(
      context.now,
      (chunk) => this.next.write(chunk),
      () => this.#settled(),
    );
  }

  override write(chunk: Buffer): void {
    if (this.#queue.isEmpty) this.context.hit("delayed");
    const jitter = this.context.toxic.number("jitter");
    // Drawn also where it cannot matter, so that the nth chunk has the nth number whatever the settings were before.
    const offset = (this.context.random() * 2 - 1) * jitter;
    this.#queue.push(chunk, this.context.now() + Math.max(0, this.#latencyMs + offset));
  }

  override end(): void {
    this.#ended = true;
    if (this.#queue.isEmpty) this.next.end();
  }

  override get held(): number {
    return this.#queue.bytes;
  }

  override get isFull(): boolean {
    return this.#queue.bytes >= limits.heldPerLane;
  }

  override changed(): void {
    const change = this.context.toxic.number("latency") - this.#latencyMs;
    this.#latencyMs += change;
    this.#queue.reschedule((dueMs) => dueMs + change);
  }

  override release(): void {
    const pending = !this.#queue.isEmpty;
    this.#queue.flush();
    if (pending && this.#ended) this.next.end();
  }

  override dispose(): void {
    this.#queue.dispose();
  }

  #settled(): void {
    if (this.#ended && this.#queue.isEmpty) this.next.end();
    this.context.passedOn();
  }
}
