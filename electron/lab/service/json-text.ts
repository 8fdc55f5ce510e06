/** Not in TypeScript's library yet; in every engine that the lab runs on. */
const { rawJSON } = JSON as unknown as { rawJSON: (json: string) => unknown };

/**
 * A value that is JSON text already. Where it is a part of something that is written as JSON, the text is put there as it
 * is: whoever reads it gets the value, and nothing has walked through it on the way.
 */
export class JsonText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toJSON(): unknown {
    return rawJSON(this.#text);
  }
}
