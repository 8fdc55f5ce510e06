/** Faults for event streams. Only events with data are counted, not comments or events that only set an id. */
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

/** When the toxic is removed the stream continues where it stopped: nothing is lost. */
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

/** Removes the id of every nth event that has one, so that a client cannot resume there. */
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
