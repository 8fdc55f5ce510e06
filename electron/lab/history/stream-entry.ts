import { priorityOf } from "../../model/catalogue/catalogue.ts";
import type { LabEvent, LabEventType } from "../../model/lab-event.ts";
import { typeOf } from "./event-codes.ts";
import { type EventTexts, TEXT_NUMBERS } from "./event-text.ts";

/** An event to be sent to a window: its text, and the fields that a stream needs without parsing it. */
export interface StreamEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly isProgress: boolean;
  /** The service whose progress it is. */
  readonly service: string;
  /** JSON. */
  readonly text: string;
}

/** An event as it happens. Its text is built lazily, once for all windows. */
export class LiveEntry implements StreamEntry {
  readonly #event: LabEvent;
  #text: string | undefined;

  constructor(event: LabEvent) {
    this.#event = event;
  }

  get seq(): number {
    return this.#event.seq;
  }
  get atMs(): number {
    return this.#event.atMs;
  }
  get isProgress(): boolean {
    return priorityOf(this.#event) === "progress";
  }
  get service(): string {
    return "service" in this.#event ? this.#event.service : "";
  }
  get text(): string {
    this.#text ??= JSON.stringify(this.#event);
    return this.#text;
  }
}

/** An event read from the history. */
class StoredEntry implements StreamEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly isProgress: boolean;
  readonly text: string;

  constructor({ numbers, text, ends }: EventTexts, index: number) {
    const [seq = 0, atUs = 0, code = 0] = numbers.subarray(index * TEXT_NUMBERS, (index + 1) * TEXT_NUMBERS);
    this.seq = seq;
    this.atMs = atUs / 1000;
    this.isProgress = priorityOf({ type: typeOf(code) as LabEventType }) === "progress";
    this.text = text.slice(ends[index - 1] ?? 0, ends[index]);
  }

  get service(): string {
    const { service } = JSON.parse(this.text) as { service?: unknown };
    return typeof service === "string" ? service : "";
  }
}

export function storedEntries(texts: EventTexts): StreamEntry[] {
  return Array.from(texts.ends, (_, index) => new StoredEntry(texts, index));
}
