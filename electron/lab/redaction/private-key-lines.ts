/** No private key is longer: the end of this one was lost. */
const KEY_LINES_LIMIT = 200;

interface LogLine {
  service: string;
  stream: string;
  line: string;
}

/** A private key is printed over many lines, and only the first and the last of them say so. */
export class PrivateKeyLines {
  /** Services that are in the middle of printing one, with how many lines it may still have. */
  readonly #linesLeft = new Map<string, number>();

  get areExpected(): boolean {
    return this.#linesLeft.size > 0;
  }

  /** Whether this line is one between the first and the last, or the last. To be asked of each line in its order. */
  isOne({ service, stream, line }: LogLine): boolean {
    const source = `${service} ${stream}`;
    const left = this.#linesLeft.get(source) ?? 0;
    if (left > 0) this.#linesLeft.set(source, left - 1);
    if (/-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/.test(line)) this.#linesLeft.set(source, KEY_LINES_LIMIT);
    if (/-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/.test(line) || left === 1) this.#linesLeft.delete(source);
    return left > 0;
  }
}
