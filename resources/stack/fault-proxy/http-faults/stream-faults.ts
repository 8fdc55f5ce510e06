/** Faults of an event stream. An event counts when it carries data; comments and events that only set an id do not. */
import { eventData, eventLines } from "../parsing/event-splitter.ts";
import { PassingFault } from "./reply-fault.ts";

/** Acts once, after `after_events` events. */
abstract class AfterEvents extends PassingFault {
  #events = 0;
  #hasActed = false;

  protected abstract act(): void;

  override begin(): void {
    this.#actWhenDue();
  }

  override unit(payload: Buffer): void {
    this.context.output.emit(payload);
    if (eventData(payload) === undefined) return;
    this.#events += 1;
    this.#actWhenDue();
  }

  protected get events(): number {
    return this.#events;
  }

  #actWhenDue(): void {
    if (this.#hasActed || this.#events < this.context.toxic.number("after_events")) return;
    this.#hasActed = true;
    this.act();
  }
}

export class StreamCut extends AfterEvents {
  protected override act(): void {
    this.context.output.hit(`stream cut after ${this.events} events`);
    this.context.output.cut();
  }
}

/** Once the toxic is removed the stream goes on where it stopped: nothing is lost. */
export class StreamStalled extends AfterEvents {
  protected override act(): void {
    this.context.output.hit(`stream stalled after ${this.events} events`);
    this.context.output.stall();
  }
}

export class StreamDuplicated extends PassingFault {
  #events = 0;

  override get keepsLength(): boolean {
    return false;
  }

  override unit(payload: Buffer): void {
    this.context.output.emit(payload);
    if (eventData(payload) === undefined) return;
    this.#events += 1;
    if (this.#events <= this.context.toxic.number("after_events")) return;
    this.context.output.hit(`event ${this.#events} sent twice`);
    this.context.output.emit(payload);
  }
}

/** Takes the id away from every nth event that has one, so that a client cannot resume from there. */
export class EventIdsSkipped extends PassingFault {
  #withId = 0;

  override get keepsLength(): boolean {
    return false;
  }

  override unit(payload: Buffer): void {
    const lines = eventLines(payload);
    const kept = lines.filter((line) => line !== "id" && !line.startsWith("id:"));
    if (kept.length < lines.length) this.#withId += 1;
    if (kept.length === lines.length || this.#withId % this.context.toxic.number("every") !== 0) {
      this.context.output.emit(payload);
      return;
    }
    this.context.output.hit("event id left out");
    this.context.output.emit(Buffer.from(kept.join("\n")));
  }
}
