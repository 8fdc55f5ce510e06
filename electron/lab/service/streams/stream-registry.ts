import { STREAMS_PER_WINDOW } from "../../../contract/window.ts";
import { LabError } from "../../lab-error.ts";
import { Credit } from "./credit.ts";
import { JsonTexts } from "./json-texts.ts";

export interface OpenStream {
  credit: Credit;
  /** Events that it has yet to send. */
  behind: () => number;
}

/** Counts of all streams since the start, for the diagnostics. */
export class StreamRegistry {
  readonly #open = new Set<OpenStream>();
  progressSkipped = 0;
  fedFromHistory = 0;

  add(stream: OpenStream): () => void {
    this.#open.add(stream);
    return () => void this.#open.delete(stream);
  }

  totals(): { open: number; unacknowledged: number; furthestBehind: number } {
    const streams = [...this.#open];
    return {
      open: streams.length,
      unacknowledged: streams.reduce((sum, { credit }) => sum + credit.unacknowledged, 0),
      furthestBehind: Math.max(0, ...streams.map(({ behind }) => behind())),
    };
  }
}

/** One window's connection: its streams by the names it gave them, which no other window can acknowledge. */
export class PageConnection {
  /** Every host fills them in, in each message that it sends over the connection. */
  readonly texts = new JsonTexts();
  readonly #credits = new Map<string, Credit>();

  open(subscription: string): { credit: Credit; close: () => void } {
    if (this.#credits.has(subscription)) {
      throw new LabError("bad-input", "this connection has a stream of that name already");
    }
    if (this.#credits.size >= STREAMS_PER_WINDOW) {
      throw new LabError("busy", `a window may have ${STREAMS_PER_WINDOW} event streams open at once, and has`, {
        hint: "end one of them first, or open another window",
      });
    }
    const credit = new Credit();
    this.#credits.set(subscription, credit);
    return { credit, close: () => void this.#credits.delete(subscription) };
  }

  /** Of a stream that has ended meanwhile: nothing. */
  acknowledge(subscription: string, message: number): void {
    this.#credits.get(subscription)?.acknowledge(message);
  }
}
