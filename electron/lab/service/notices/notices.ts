/** A guard against something that fails over and over, each time in other words. */
const LIMIT = 100;

/** What a person should know at once: how the lab was found when it started, and what has failed since. */
export class Notices {
  readonly #texts: string[];
  readonly #onChange: () => void;

  constructor(atStart: readonly string[], onChange: () => void) {
    this.#texts = [...atStart];
    this.#onChange = onChange;
  }

  list(): string[] {
    return [...this.#texts];
  }

  add(text: string): void {
    if (!this.#texts.includes(text) && this.#texts.length < LIMIT) this.#texts.push(text);
    this.#onChange();
  }
}
