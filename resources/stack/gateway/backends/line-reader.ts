/** Splits a byte stream into lines of UTF-8. A line beyond the limit is an error: it could not be told where the next begins. */
import { StringDecoder } from "node:string_decoder";

const lineLimitCharacters = 16 * 1024 * 1024;

export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** @throws LineTooLong */
  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#onLine(line);
    if (this.#rest.length > lineLimitCharacters) throw new LineTooLong("a line is longer than 16 MiB");
  }
}
