import { harmless, type Output } from "./output.ts";

const REDRAW_MS = 100;
const CLEAR_LINE = "\r\u001b[2K";

/**
 * Lines that stay and, on a terminal, one status line below them that is redrawn periodically. A pipe gets the lines
 * only.
 */
export class LiveScreen {
  readonly output: Output;
  #status: (() => string) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.output = output;
  }

  line(text: string): void {
    this.styledLine(harmless(text));
  }

  /** A line in the lab's own colours, whose parts of others are harmless. */
  styledLine(text: string): void {
    if (this.#status !== undefined && this.output.isTTY) this.output.writeStyled(CLEAR_LINE);
    this.output.writeStyled(`${text}\n`);
    this.#draw();
  }

  /** The current status, read at each redraw; undefined for none. */
  status(text: (() => string) | undefined): void {
    if (!this.output.isTTY) return;
    this.#status = text;
    if (text === undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.output.writeStyled(CLEAR_LINE);
      return;
    }
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
    this.#draw();
  }

  close(): void {
    this.status(undefined);
  }

  #draw(): void {
    if (this.#status === undefined || !this.output.isTTY) return;
    const width = Math.max(20, (this.output.columns ?? 80) - 4);
    this.output.writeStyled(`${CLEAR_LINE}  ${harmless(this.#status()).slice(0, width)}`);
  }
}
