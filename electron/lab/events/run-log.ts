import type { EventOf, LabEvent, LabEventBody } from "../../model/lab-event.ts";

/** What the log needs of a clock: the lab's own, or a test's. */
interface Clock {
  monotonicMs(): number;
  wallMs(): number;
}

export type EventListener = (event: LabEvent) => void;

/** Replaces the secrets of an event before it is stored and shown. */
export type Redact = (event: LabEvent) => LabEvent;

type EndOfRun = EventOf<"run.ended">;

interface PendingEvent {
  shown: LabEvent;
  real: LabEvent;
}

/**
 * The log of one run: numbers events, stamps both clocks, redacts them, records them, then notifies its listeners.
 *
 * The redacted event is recorded and sent to listeners. Only {@link RunLog.subscribeToReal} gets the original, which is
 * stored nowhere: the run's own checks are judged by it.
 *
 * Listeners are called in the order of the log and must return quickly; one that throws is removed with a warning in the
 * log, since a broken view must never end a run.
 */
export class RunLog {
  readonly runId: string;
  readonly startedWallMs: number;
  readonly #clock: Clock;
  readonly #startedMonotonicMs: number;
  readonly #record: (event: LabEvent) => unknown;
  readonly #recordEnd: (event: EndOfRun) => unknown;
  readonly #redact: Redact;
  readonly #listeners = new Map<EventListener, keyof PendingEvent>();
  readonly #pending: PendingEvent[] = [];
  #isNotifying = false;
  #hasEnded = false;
  #seq = 0;

  /**
   * @param options.recordEnd resolves when the end of the run is durable; `record` when absent
   * @param options.redact absent for a run that is kept raw
   */
  constructor(options: {
    runId: string;
    clock: Clock;
    record: (event: LabEvent) => unknown;
    recordEnd?: (event: EndOfRun) => Promise<unknown>;
    redact?: Redact | undefined;
  }) {
    this.runId = options.runId;
    this.#clock = options.clock;
    this.#record = options.record;
    this.#recordEnd = options.recordEnd ?? options.record;
    this.#redact = options.redact ?? ((event) => event);
    this.#startedMonotonicMs = options.clock.monotonicMs();
    this.startedWallMs = options.clock.wallMs();
  }

  elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedMonotonicMs;
  }

  /**
   * Numbers, redacts and records an event, and notifies listeners. What a listener appends meanwhile is sent afterwards,
   * so all see the same order. Returns the event as it was recorded. What a watcher that could not be ended in time
   * appends after the end is no part of the run.
   */
  append<Body extends LabEventBody>(body: Body): LabEvent & Pick<Body, "type"> {
    const { shown, real } = this.#stamp(body);
    if (this.#hasEnded) return shown as LabEvent & Pick<Body, "type">;
    this.#record(shown);
    this.#pending.push({ shown, real });
    this.#notify();
    return shown as LabEvent & Pick<Body, "type">;
  }

  /**
   * Ends the run. Listeners are notified once the end, and with it every earlier event, is durable. Resolves with the
   * event as it was recorded; rejects, without notifying anyone, when it could not be recorded.
   */
  async end(ending: Pick<EndOfRun, "outcome" | "reason">): Promise<EndOfRun> {
    const { shown, real } = this.#stamp({ type: "run.ended", ...ending });
    this.#hasEnded = true;
    await this.#recordEnd(shown as EndOfRun);
    this.#pending.push({ shown, real });
    this.#notify();
    return shown as EndOfRun;
  }

  #stamp(body: LabEventBody): PendingEvent {
    const real = {
      runId: this.runId,
      seq: ++this.#seq,
      atMs: this.elapsedMs(),
      wallMs: this.#clock.wallMs(),
      ...body,
    } as LabEvent;
    return { shown: this.#redact(real), real };
  }

  /** Subscribes to redacted events. @returns ends the subscription; nothing arrives after that */
  subscribe(listener: EventListener): () => void {
    return this.#add(listener, "shown");
  }

  /** Subscribes to unredacted events, for checks that store nothing of them. */
  subscribeToReal(listener: EventListener): () => void {
    return this.#add(listener, "real");
  }

  #add(listener: EventListener, as: keyof PendingEvent): () => void {
    this.#listeners.set(listener, as);
    return () => void this.#listeners.delete(listener);
  }

  #notify(): void {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    try {
      for (let event = this.#pending.shift(); event; event = this.#pending.shift()) {
        for (const [listener, as] of this.#listeners) this.#notifyListener(listener, event[as]);
      }
    } finally {
      this.#isNotifying = false;
    }
  }

  #notifyListener(listener: EventListener, event: LabEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#listeners.delete(listener);
      this.append({ type: "warning", code: "listener-failed", message: `a view of this run failed: ${String(error)}` });
    }
  }
}
