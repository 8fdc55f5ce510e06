/** Collects the bytes of a head across chunks, within the limit. The first line is validated as soon as it is complete. */
import { limits } from "../limits.ts";
import { BadMessage } from "./bad-message.ts";

const endOfHead = Buffer.from("\r\n\r\n");

export class HeadReader {
  readonly #isFirstLine: (line: string) => boolean;
  #collected: Buffer = Buffer.alloc(0);
  #isFirstLineChecked = false;

  constructor(isFirstLine: (line: string) => boolean) {
    this.#isFirstLine = isFirstLine;
  }

  /** The bytes of an incomplete head. */
  get collected(): Buffer {
    return this.#collected;
  }

  /** A head that the chunk has from its first byte to its end: its text; undefined where it is to be collected. */
  readAtOnce(chunk: Buffer): string | undefined {
    if (this.#collected.length > 0) return undefined;
    const end = chunk.indexOf(endOfHead);
    return end === -1 || end > limits.headBytes ? undefined : chunk.toString("latin1", 0, end + 4);
  }

  /** All bytes read, and the length of the head with its empty line; undefined if more are needed. Throws BadMessage. */
  read(chunk: Buffer): { bytes: Buffer; headLength: number } | undefined {
    const searchedTo = Math.max(0, this.#collected.length - 3);
    const all = this.#collected.length === 0 ? chunk : Buffer.concat([this.#collected, chunk]);
    this.#collected = all;
    if (!this.#isFirstLineChecked) {
      const lineEnd = all.indexOf("\r\n");
      if (lineEnd !== -1) {
        const isMessage = this.#isFirstLine(all.toString("latin1", 0, lineEnd));
        if (!isMessage) throw new BadMessage("not the first line of a message");
        this.#isFirstLineChecked = true;
      } else if (all.includes(0x0a)) {
        throw new BadMessage("a line without a carriage return");
      }
    }
    const end = all.indexOf(endOfHead, searchedTo);
    if (end === -1 ? all.length > limits.headBytes : end > limits.headBytes) {
      throw new BadMessage(`a head of more than ${limits.headBytes} bytes`);
    }
    if (end === -1) return undefined;
    this.#collected = Buffer.alloc(0);
    this.#isFirstLineChecked = false;
    return { bytes: all, headLength: end + 4 };
  }
}
