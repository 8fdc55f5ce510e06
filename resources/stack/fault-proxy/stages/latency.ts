/** Delays each chunk by latency +- jitter in order; delays overlap, so throughput is not reduced. */
import { limits } from "../limits.ts";
import { DelayingStage } from "./delaying-stage.ts";
import type { Port, StageContext } from "./stage.ts";

export class LatencyStage extends DelayingStage {
  #latencyMs: number;

  constructor(context: StageContext, next: Port) {
    super(context, next);
    this.#latencyMs = context.toxic.number("latency");
  }

  override write(chunk: Buffer): void {
    if (this.queue.isEmpty) this.context.hit("delayed");
    const jitter = this.context.toxic.number("jitter");
    // Drawn even without jitter, so that the nth chunk always has the nth number, whatever the earlier settings.
    const offset = (this.context.random() * 2 - 1) * jitter;
    this.queue.push(chunk, this.context.now() + Math.max(0, this.#latencyMs + offset));
  }

  override get isFull(): boolean {
    return this.queue.bytes >= limits.heldPerLane;
  }

  override changed(): void {
    const change = this.context.toxic.number("latency") - this.#latencyMs;
    this.#latencyMs += change;
    this.queue.reschedule((dueMs) => dueMs + change);
  }
}
