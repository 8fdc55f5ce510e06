import { StringDecoder } from "node:string_decoder";
import { SHOWN_LINE_CHARS } from "../log-tail.ts";

type StreamName = "stdout" | "stderr";

const HEADER_BYTES = 8;

interface Half {
  decoder: StringDecoder;
  rest: string;
}

/**
 * Takes the engine's log stream apart: frames of eight bytes (which stream, how long) and their payload, standard output
 * and standard error apart, a line at a time. The output of a container with a terminal has no frames.
 */
export class LogFrames {
  readonly #take: (stream: StreamName, line: string) => void;
  readonly #hasTerminal: boolean;
  readonly #maxLineChars: number;
  readonly #halves: Record<StreamName, Half> = { stdout: freshHalf(), stderr: freshHalf() };
  #waiting: Buffer = Buffer.alloc(0);

  constructor(
    hasTerminal: boolean,
    take: (stream: StreamName, line: string) => void,
    maxLineChars: number = SHOWN_LINE_CHARS,
  ) {
    this.#maxLineChars = maxLineChars;
    this.#hasTerminal = hasTerminal;
    this.#take = take;
  }

  write(chunk: Buffer): void {
    if (this.#hasTerminal) this.#split("stdout", chunk);
    else this.#takeFrames(chunk);
  }

  #takeFrames(chunk: Buffer): void {
    this.#waiting = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    while (this.#waiting.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#waiting.readUInt32BE(4);
      if (this.#waiting.length < end) return;
      this.#split(this.#waiting[0] === 2 ? "stderr" : "stdout", this.#waiting.subarray(HEADER_BYTES, end));
      this.#waiting = this.#waiting.subarray(end);
    }
  }

  /** Gives what has no end of line yet. */
  end(): void {
    for (const [name, half] of Object.entries(this.#halves) as [StreamName, Half][]) {
      if (half.rest) this.#take(name, half.rest);
      half.rest = "";
    }
  }

  #split(name: StreamName, bytes: Buffer): void {
    const half = this.#halves[name];
    const lines = (half.rest + half.decoder.write(bytes)).split("\n");
    half.rest = (lines.pop() ?? "").slice(0, this.#maxLineChars);
    for (const line of lines) this.#take(name, line.replace(/\r$/, "").slice(0, this.#maxLineChars));
  }
}

function freshHalf(): Half {
  return { decoder: new StringDecoder("utf8"), rest: "" };
}
