/** Maximum length of a private key; after it the end line must have been lost. */
const KEY_LINES_LIMIT = 200;

interface LogLine {
  service: string;
  stream: string;
  line: string;
}

/** Finds the lines of a printed private key, of which only the first and the last are marked. */
export class PrivateKeyLines {
  /** Remaining lines of the key that each service is printing. */
  readonly #linesLeft = new Map<string, number>();

  get areExpected(): boolean {
    return this.#linesLeft.size > 0;
  }

  /** Whether a line follows the first line of a key, up to its last. Must be called for each line in order. */
  isOne({ service, stream, line }: LogLine): boolean {
    const source = `${service} ${stream}`;
    const left = this.#linesLeft.get(source) ?? 0;
    if (left > 0) this.#linesLeft.set(source, left - 1);
    if (/-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/.test(line)) this.#linesLeft.set(source, KEY_LINES_LIMIT);
    if (/-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/.test(line) || left === 1) this.#linesLeft.delete(source);
    return left > 0;
  }
}
