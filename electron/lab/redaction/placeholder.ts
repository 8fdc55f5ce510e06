/** What stands in place of a secret. The number tells values of one kind and one run apart: equal ones have the same. */
const PLACEHOLDER = /\[redacted: ([a-z0-9-]+)(?: (\d+))?\]/g;
/** Of each run. What comes after them is replaced as well, without a number. */
const NUMBERED_LIMIT = 10_000;

/** Hands out placeholders for one run. The values are kept in memory, and nowhere else, for as long as the run is. */
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

  /** Numbers that an earlier redaction of the same run has given are not given again. */
  skip(text: string): void {
    for (const [, kind = "", number = "0"] of text.matchAll(PLACEHOLDER)) {
      this.#last.set(kind, Math.max(this.#last.get(kind) ?? 0, Number(number)));
    }
  }
}

export function hasPlaceholder(text: string): boolean {
  return text.includes("[redacted: ");
}

/** Text and placeholders in turn: what is at an odd place is one, as it is written. */
export function splitAtPlaceholders(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    pieces.push(text.slice(from, match.index), match[0]);
    from = match.index + match[0].length;
  }
  return [...pieces, text.slice(from)];
}

/** How many placeholders of each kind stand in a text, added to what was counted before. */
export function countPlaceholders(text: string, counts: Map<string, number>): void {
  if (!hasPlaceholder(text)) return;
  for (const [, kind = ""] of text.matchAll(PLACEHOLDER)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
}

/** The same text whichever numbers a run has given. */
export function withoutNumbers(text: string): string {
  return text.replaceAll(PLACEHOLDER, "[redacted: $1]");
}
