import { randomUUID } from "node:crypto";

/** No text of anyone else's can hold it: it is made anew with every start and never leaves the process. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}:(\\d+)"`, "g");

let made = 0;
const texts = new Map<string, string>();

/**
 * A value that is JSON text already. Where it is written as a part of something, a mark is, and {@link fillIn} puts the
 * text there when the whole is text too: nothing has walked through the value on its way, which takes most of the time
 * that a batch of events needs.
 */
export class JsonText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toJSON(): string {
    const id = String(++made);
    texts.set(id, this.#text);
    return `${MARK}:${id}`;
  }
}

/** What was written, with the texts in their places. Every host calls it on each message that it sends. */
export function fillIn(written: string): string {
  if (texts.size === 0) return written;
  return written.replace(MARKED, (mark, id: string) => {
    const text = texts.get(id) ?? mark;
    texts.delete(id);
    return text;
  });
}
