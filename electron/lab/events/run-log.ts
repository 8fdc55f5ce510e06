import type { EventOf, LabEvent, LabEventBody } from "../../model/lab-event.ts";

/** What the log needs of a clock: the lab's own, or one that a test holds still. */
interface Clock {
  monotonicMs(): number;
  wallMs(): number;
}

export type EventListener = (event: LabEvent) => void;

/** What may be kept and shown of an event: the same, its secrets replaced. */
export type Redact = (event: LabEvent) => LabEvent;

type EndOfRun = EventOf<"run.ended">;

interface ToTell {
  shown: LabEvent;
  real: LabEvent;
}

/**
 * The log of one run: numbers what happens, stamps both clocks, redacts it, records it, then tells whoever listens.
 *
 * What is recorded and what listeners are told is the redacted event; only {@link RunLog.subscribeToReal} is told the
 * real one, which is kept nowhere: the run's own checks are judged by it.
 *
 * Listeners are called in the order of the log and must be quick; one that throws is dropped with a warning in the log
 * itself, since a broken view must never end a run.
 */
export class RunLog {
  readonly runId: string;
  readonly startedWallMs: number;
  readonly #clock: Clock;
  readonly #startedMonotonicMs: number;
  readonly #record: (event: LabEvent) => unknown;
  readonly #recordEnd: (event: EndOfRun) => unknown;
  readonly #redact: Redact;
  readonly #listeners = new Map<EventListener, keyof ToTell>();
  readonly #toTell: ToTell[] = [];
  #telling = false;
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
   * Numbers, redacts, records and tells. What a listener appends meanwhile is told after, so all see one order. Returns
   * the event as it was recorded.
   */
  append<Body extends LabEventBody>(body: Body): LabEvent & Pick<Body, "type"> {
    const { shown, real } = this.#stamp(body);
    this.#record(shown);
    this.#toTell.push({ shown, real });
    this.#tell();
    return shown as LabEvent & Pick<Body, "type">;
  }

  /**
   * The end of the run: told once it is durable, and with it all that came before. Resolves with the event as it was
   * recorded; rejects, and nobody is told, when it could not be.
   */
  async end(ending: Pick<EndOfRun, "outcome" | "reason">): Promise<EndOfRun> {
    const { shown, real } = this.#stamp({ type: "run.ended", ...ending });
    await this.#recordEnd(shown as EndOfRun);
    this.#toTell.push({ shown, real });
    this.#tell();
    return shown as EndOfRun;
  }

  #stamp(body: LabEventBody): ToTell {
    const real = {
      runId: this.runId,
      seq: ++this.#seq,
      atMs: this.elapsedMs(),
      wallMs: this.#clock.wallMs(),
      ...body,
    } as LabEvent;
    return { shown: this.#redact(real), real };
  }

  /** Tells of events as they are recorded. Ends the subscription when called; nothing arrives after that. */
  subscribe(listener: EventListener): () => void {
    return this.#add(listener, "shown");
  }

  /** For what judges the run and keeps nothing of it: tells of events as they really are. */
  subscribeToReal(listener: EventListener): () => void {
    return this.#add(listener, "real");
  }

  #add(listener: EventListener, as: keyof ToTell): () => void {
    this.#listeners.set(listener, as);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event = this.#toTell.shift(); event; event = this.#toTell.shift()) {
        for (const [listener, as] of this.#listeners) this.#tellOne(listener, event[as]);
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
