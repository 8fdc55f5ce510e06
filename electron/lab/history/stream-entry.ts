import { type LabEvent, type LabEventType, priorityOf } from "../events/lab-event.ts";
import { typeOf } from "./event-codes.ts";
import type { EventRow } from "./event-row.ts";

/** An event on its way to a window: as text, since that is what is sent, and what a stream must know without reading it. */
export interface StreamEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly isProgress: boolean;
  /** Whose progress it is. */
  readonly service: string;
  /** JSON. */
  readonly text: string;
}

/** An event as it happens. Its text is made when the first window needs it, and once for all of them. */
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

/** An event of the history. Its body is text already and stays it: taking it apart and together again is most of the work. */
export class StoredEntry implements StreamEntry {
  readonly seq: number;
  readonly atMs: number;
  readonly isProgress: boolean;
  readonly text: string;
  readonly #body: string;

  /** @param row one that was found whole: its type is known, and its body an object */
  constructor(runId: string, { seq, atUs, wallMs, type: code, body }: EventRow) {
    const type = typeOf(code) as LabEventType;
    this.seq = seq;
    this.atMs = atUs / 1000;
    this.isProgress = priorityOf({ type }) === "progress";
    this.#body = body;
    const envelope = `{"type":"${type}","runId":"${runId}","seq":${seq},"atMs":${this.atMs},"wallMs":${wallMs}`;
    this.text = body === "{}" ? `${envelope}}` : `${envelope},${body.slice(1)}`;
  }

  get service(): string {
    const { service } = JSON.parse(this.#body) as { service?: unknown };
    return typeof service === "string" ? service : "";
  }
}
