/** The replacement of a secret. The number distinguishes the values of one kind in one run: equal values have the same. */
const PLACEHOLDER = /\[redacted: ([a-z0-9-]+)(?: (\d+))?\]/g;
/** Numbered values in each run. Further ones are replaced without a number. */
const NUMBERED_LIMIT = 10_000;

/** Assigns placeholders for one run. The values are only kept in memory. */
export class Placeholders {
  readonly #numbers = new Map<string, number>();
  readonly #last = new Map<string, number>();

  for(kind: string, value: string): string {
    const key = `${kind} ${value}`;
    let number = this.#numbers.get(key);
    if (number === undefined && this.#numbers.size < NUMBERED_LIMIT) {
      number = (this.#last.get(kind) ?? 0) + 1;
      this.#last.set(kind, number);
      this.#numbers.set(key, number);
    }
    return number === undefined ? `[redacted: ${kind}]` : `[redacted: ${kind} ${number}]`;
  }

  /** Skips numbers that an earlier redaction of the same run has assigned. */
  skip(text: string): void {
    for (const [, kind = "", number = "0"] of text.matchAll(PLACEHOLDER)) {
      this.#last.set(kind, Math.max(this.#last.get(kind) ?? 0, Number(number)));
    }
  }
}

export function hasPlaceholder(text: string): boolean {
  return text.includes("[redacted: ");
}

/** Splits text into alternating text and placeholders: those at odd indices are placeholders. */
export function splitAtPlaceholders(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    pieces.push(text.slice(from, match.index), match[0]);
    from = match.index + match[0].length;
  }
  return [...pieces, text.slice(from)];
}

/** Adds the number of placeholders of each kind in a text to `counts`. */
export function countPlaceholders(text: string, counts: Map<string, number>): void {
  if (!hasPlaceholder(text)) return;
  for (const [, kind = ""] of text.matchAll(PLACEHOLDER)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

/** The text without the numbers of its placeholders. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(PLACEHOLDER, "[redacted: $1]");
}
