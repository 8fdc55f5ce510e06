/** Shorter values may be ordinary words. */
const LEARN_CHARS = 8;
const LEARNED_LIMIT = 500;

/** Values of secrets that are known from files, to be found in any text. */
export class LearnedSecrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** The value of a secret; of `${NAME:-value}` the default. */
  learn(written: string): void {
    const value = /^\$\{\w+:?-(.*)\}$/.exec(written)?.[1] ?? written;
    if (value.length < LEARN_CHARS || /^[a-z]+$/i.test(value) || this.#values.size >= LEARNED_LIMIT) return;
    this.#values.add(value);
    // JSON escapes quotes, backslashes and line breaks.
    const spelled = [...this.#values].flatMap((each) => [each, JSON.stringify(each).slice(1, -1)]);
    const longestFirst = [...new Set(spelled)].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  }

  areIn(text: string): boolean {
    return this.#pattern !== undefined && text.search(this.#pattern) !== -1;
  }

  replace(text: string, by: (value: string) => string): string {
    return this.#pattern === undefined ? text : text.replaceAll(this.#pattern, by);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
