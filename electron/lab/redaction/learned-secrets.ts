/** Shorter values are words that stand for other things too. */
const LEARN_CHARS = 8;
const LEARNED_LIMIT = 500;

/** Values that a file gives to secrets, to be found where nothing names them. */
export class LearnedSecrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** A secret's value as it is written; of `${NAME:-value}` the value. */
  learn(written: string): void {
    const value = /^\$\{\w+:?-(.*)\}$/.exec(written)?.[1] ?? written;
    if (value.length < LEARN_CHARS || /^[a-z]+$/i.test(value) || this.#values.size >= LEARNED_LIMIT) return;
    this.#values.add(value);
    // In JSON a value with a quote, a backslash or a line break is spelled otherwise.
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
