import type { LabEvent, LabEventBody } from "./lab-event.ts";

/** What the log needs of a clock: the lab's own, or one that a test holds still. */
interface Clock {
  monotonicMs(): number;
  wallMs(): number;
}

export type EventListener = (event: LabEvent) => void;

/**
 * The log of one run: numbers what happens, stamps both clocks, records it, then tells whoever listens.
 *
 * Listeners are called in the order of the log and must be quick; one that throws is dropped with a warning in the log
 * itself, since a broken view must never end a run.
 */
export class RunLog {
  readonly runId: string;
  readonly startedWallMs: number;
  readonly #clock: Clock;
  readonly #startedMonotonicMs: number;
  readonly #record: EventListener;
  readonly #listeners = new Set<EventListener>();
  readonly #toTell: LabEvent[] = [];
  #telling = false;
  #seq = 0;

  constructor(options: { runId: string; clock: Clock; record: EventListener }) {
    this.runId = options.runId;
    this.#clock = options.clock;
    this.#record = options.record;
    this.#startedMonotonicMs = options.clock.monotonicMs();
    this.startedWallMs = options.clock.wallMs();
  }

  elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedMonotonicMs;
  }

  /** Numbers, records and tells. What a listener appends meanwhile is told after, so all see one order. */
  append(body: LabEventBody): LabEvent {
    const event = {
      runId: this.runId,
      seq: ++this.#seq,
      atMs: this.elapsedMs(),
      wallMs: this.#clock.wallMs(),
      ...body,
    } as LabEvent;
    this.#record(event);
    this.#toTell.push(event);
    this.#tell();
    return event;
  }

  /** Ends the subscription when called; nothing arrives after that. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event = this.#toTell.shift(); event; event = this.#toTell.shift()) {
        for (const listener of this.#listeners) this.#tellOne(listener, event);
      }
    } finally {
      this.#telling = false;
    }
  }

  #tellOne(listener: EventListener, event: LabEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#listeners.delete(listener);
      this.append({ type: "warning", code: "listener-failed", message: `a view of this run failed: ${String(error)}` });
    }
  }
}
