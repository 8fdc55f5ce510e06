const REDRAW_MS = 100;
const CLEAR_LINE = "\r\u001b[2K";

/**
 * Lines that stay and, on a terminal, one status line below them that is redrawn periodically. A pipe gets the lines
 * only.
 */
export class LiveScreen {
  readonly stream: NodeJS.WriteStream;
  #status: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  line(text: string): void {
    if (this.#status !== undefined && this.stream.isTTY) this.stream.write(CLEAR_LINE);
    this.stream.write(`${text}\n`);
    this.#draw();
  }

  /** The current status, read at each redraw; undefined for none. */
  status(text: (() => string) | undefined): void {
    if (!this.stream.isTTY) return;
    this.#status = text;
    if (text === undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.stream.write(CLEAR_LINE);
      return;
    }
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
    this.#draw();
  }

  close(): void {
    this.status(undefined);
  }

  #draw(): void {
    if (this.#status === undefined || !this.stream.isTTY) return;
    const width = Math.max(20, (this.stream.columns ?? 80) - 4);
    this.stream.write(`${CLEAR_LINE}  ${this.#status().slice(0, width)}`);
  }
}
