import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { onFileChange } from "../file-changes.ts";

export interface LogLine {
  service: string;
  stream: "stdout" | "stderr";
  line: string;
  /** When it was printed, where the engine says so. */
  atWallMs?: number;
}

const CHUNK_BYTES = 64 * 1024;
/** A line longer than this is cut: it is a dump, not something to read in a timeline. */
export const SHOWN_LINE_CHARS = 4_000;

interface Source {
  service: string;
  stream: "stdout" | "stderr";
  file: string;
  position: number;
  rest: string;
  decoder: StringDecoder;
}

/** Follows the output files of services from where they are now, a line at a time. */
export class LogTail {
  readonly #sources: Source[];
  readonly #take: (line: LogLine) => void;
  readonly #maxLineChars: number;
  readonly #unwatch: (() => void)[] = [];

  constructor(
    files: readonly { service: string; stdout: string; stderr: string }[],
    take: (line: LogLine) => void,
    { from = "end", maxLineChars = SHOWN_LINE_CHARS }: { from?: "start" | "end"; maxLineChars?: number } = {},
  ) {
    this.#take = take;
    this.#maxLineChars = maxLineChars;
    this.#sources = files.flatMap(({ service, ...streams }) =>
      (["stdout", "stderr"] as const).map((stream) => ({
        service,
        stream,
        file: streams[stream],
        position: from === "end" ? sizeOf(streams[stream]) : 0,
        rest: "",
        decoder: new StringDecoder("utf8"),
      })),
    );
    for (const folder of new Set(this.#sources.map(({ file }) => dirname(file)))) {
      if (existsSync(folder)) this.#unwatch.push(onFileChange(folder, () => this.read()));
    }
  }

  /** Takes what has been written since the last look. */
  read(): void {
    for (const source of this.#sources) readOn(source, this.#take, this.#maxLineChars);
  }

  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.read();
    for (const { service, stream, rest } of this.#sources) if (rest) this.#take({ service, stream, line: rest });
  }
}

/** The last lines that a service wrote, for an error message. */
export function lastLines(files: { stdout: string; stderr: string }, count: number): string[] {
  const lines: string[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    const source: Source = {
      service: "",
      stream,
      file: files[stream],
      position: Math.max(0, sizeOf(files[stream]) - CHUNK_BYTES),
      rest: "",
      decoder: new StringDecoder("utf8"),
    };
    readOn(source, ({ line }) => lines.push(line), SHOWN_LINE_CHARS);
    if (source.rest) lines.push(source.rest);
  }
  return lines.slice(-count);
}

function readOn(source: Source, take: (line: LogLine) => void, maxLineChars: number): void {
  let descriptor: number;
  try {
    descriptor = openSync(source.file, "r");
  } catch {
    return; // not written to yet
  }
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { size } = fstatSync(descriptor);
    if (size < source.position) source.position = 0;
    while (source.position < size) {
      const bytes = readSync(descriptor, buffer, 0, CHUNK_BYTES, source.position);
      if (bytes === 0) return;
      source.position += bytes;
      const lines = (source.rest + source.decoder.write(buffer.subarray(0, bytes))).split("\n");
      source.rest = (lines.pop() ?? "").slice(0, maxLineChars);
      for (const line of lines) {
        take({ service: source.service, stream: source.stream, line: line.slice(0, maxLineChars) });
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(file: string): number {
  try {
    const descriptor = openSync(file, "r");
    try {
      return fstatSync(descriptor).size;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return 0;
  }
}
