import type { Delivery, QueueStore } from "../history/queue-store.ts";
import { messageOf } from "../lab-error.ts";
import { pauseFor } from "../pause-for.ts";
import { IdleSlots } from "./idle-slots.ts";
import type { RunSpec } from "./run-spec.ts";
import { pauseAfterMs, type SinkParts, send, sinkPayload, triesOf } from "./sinks.ts";

/** Sinks that are sent to at a time: one that is slow does not keep the others waiting. */
const AT_ONCE = 4;
/** Longer than any sink may take to answer: only the delivery of a process that died is taken by another. */
const TRY_LIMIT_MS = 70_000;
const POLL_MS = 5_000;

export interface DeliveryParts {
  queue: QueueStore;
  /** Deliveries of runs that ask for other labels are left to others, which have the secrets for them. */
  labels: readonly string[];
  sinks: SinkParts;
  /** Called with errors of the queue, and with deliveries that are given up. */
  onFailure: (error: unknown) => void;
  times?: { tryLimitMs: number; pollMs: number };
}

/**
 * Sends sinks what became of their runs. What is to be sent is in the queue since the run's end, so a process that dies
 * leaves it to whoever comes next: each sink is sent it at least once, or given up after its tries, which is noted.
 */
export class Deliveries {
  readonly #parts: DeliveryParts;
  readonly #slots = new IdleSlots();
  readonly #again = new Set<NodeJS.Timeout>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** A run has ended. */
  wake(): void {
    this.#slots.wake();
  }

  /** Until the signal aborts, which ends what is being sent: it is sent again later. */
  async work(signal: AbortSignal): Promise<void> {
    await Promise.all([...Array.from({ length: AT_ONCE }, () => this.#sendAll(signal)), this.#poll(signal)]);
    for (const timer of this.#again) clearTimeout(timer);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pauseFor(this.#parts.times?.pollMs ?? POLL_MS, signal);
      this.wake();
    }
    this.#slots.end();
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    const { queue, labels, times, onFailure } = this.#parts;
    while (!signal.aborted) {
      this.#slots.looks();
      try {
        const delivery = await queue.takeDelivery(labels, times?.tryLimitMs ?? TRY_LIMIT_MS);
        if (delivery === undefined) {
          await this.#slots.wait(signal);
          continue;
        }
        this.wake();
        await this.#send(delivery, signal);
      } catch (error) {
        onFailure(error);
        await pauseFor(POLL_MS, signal);
      }
    }
  }

  async #send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { queue, sinks, onFailure } = this.#parts;
    const run = await queue.get(delivery.runId);
    const sink = (run?.spec as RunSpec | undefined)?.sinks[delivery.sink];
    if (run === undefined || sink === undefined) return;
    const line = `${JSON.stringify(sinkPayload(run, await queue.results(run.runId)))}\n`;
    const failed = await send(sink, line, sinks, signal).then(
      () => undefined,
      (error: unknown) => ({ problem: messageOf(error), mayPass: (error as { mayPass?: boolean }).mayPass === true }),
    );
    if (failed === undefined) return void (await queue.endDelivery(delivery, { is: "delivered" }));
    if (signal.aborted) return void (await queue.endDelivery(delivery, { is: "again", problem: "", afterMs: 0 }));
    const { problem, mayPass } = failed;
    if (mayPass && delivery.tries < triesOf(sink)) {
      const afterMs = pauseAfterMs(delivery.tries);
      await queue.endDelivery(delivery, { is: "again", problem, afterMs });
      this.#lookAgainAfter(afterMs);
    } else {
      await queue.endDelivery(delivery, { is: "failed", problem });
      onFailure(new Error(`run ${run.runId}: sink ${sink.kind}: ${problem}, try ${delivery.tries}`));
    }
  }

  #lookAgainAfter(ms: number): void {
    const timer = setTimeout(() => {
      this.#again.delete(timer);
      this.wake();
    }, ms);
    this.#again.add(timer);
  }
}
