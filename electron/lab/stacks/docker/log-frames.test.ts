import { expect, test } from "vitest";
import { LogFrames } from "./log-frames.ts";

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

function read(chunks: readonly Buffer[], hasTerminal = false): string[] {
  const lines: string[] = [];
  const frames = new LogFrames(hasTerminal, (stream, line) => lines.push(`${stream}: ${line}`));
  for (const chunk of chunks) frames.write(chunk);
  frames.end();
  return lines;
}

const ALL = Buffer.concat([frame(1, "one\ntw"), frame(2, "bad €\n"), frame(1, "o\n"), frame(1, "no end")]);
const LINES = ["stdout: one", "stderr: bad €", "stdout: two", "stdout: no end"];

test("output and errors are told apart, line by line", () => expect(read([ALL])).toEqual(LINES));

test("wherever the stream is cut, within a header or a character too", () => {
  for (let at = 1; at < ALL.length; at++) expect(read([ALL.subarray(0, at), ALL.subarray(at)])).toEqual(LINES);
  expect(read([...ALL].map((byte) => Buffer.from([byte])))).toEqual(LINES);
});

test("a container with a terminal has no frames", () => {
  expect(read([Buffer.from("one\r\ntwo\r\n")], true)).toEqual(["stdout: one", "stdout: two"]);
});

test("a line without end is cut, and does not grow", () => {
  const lines = read([frame(1, "x".repeat(100_000)), frame(1, `${"x".repeat(100_000)}\nnext\n`)]);
  expect(lines.map((line) => line.length)).toEqual(["stdout: ".length + 4_000, "stdout: next".length]);
});
