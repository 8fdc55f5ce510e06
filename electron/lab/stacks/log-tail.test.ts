import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { LogTail, lastLines } from "./log-tail.ts";

function logsOf(service: string) {
  const folder = temporaryFolder();
  return { service, stdout: join(folder, `${service}.stdout.log`), stderr: join(folder, `${service}.stderr.log`) };
}

function follow(files: ReturnType<typeof logsOf>, from?: "start" | "end") {
  const lines: string[] = [];
  const tail = new LogTail([files], ({ service, stream, line }) => lines.push(`${service} ${stream} ${line}`), {
    ...(from && { from }),
  });
  onTestFinished(() => tail.close());
  return { tail, lines };
}

test("tells lines as they are written, from where the files are now", async () => {
  const files = logsOf("a");
  writeFileSync(files.stdout, "old\n");
  const { lines } = follow(files);
  appendFileSync(files.stdout, "new\n");
  await expect.poll(() => lines).toEqual(["a stdout new"]);
  appendFileSync(files.stderr, "oh\n");
  await expect.poll(() => lines).toEqual(["a stdout new", "a stderr oh"]);
});

test("from the start, when asked", () => {
  const files = logsOf("a");
  writeFileSync(files.stdout, "one\n\ntwo\n");
  const { tail, lines } = follow(files, "start");
  tail.read();
  expect(lines).toEqual(["a stdout one", "a stdout ", "a stdout two"]);
});

test("a line that comes in pieces is one line, also when a character is cut in two", () => {
  const files = logsOf("a");
  const { tail, lines } = follow(files);
  const bytes = Buffer.from("é and 名 and 🙂\n");
  for (const byte of bytes) {
    appendFileSync(files.stdout, Buffer.from([byte]));
    tail.read();
  }
  expect(lines).toEqual(["a stdout é and 名 and 🙂"]);
});

test("a last line without an end is told on closing, once", () => {
  const files = logsOf("a");
  const { tail, lines } = follow(files);
  appendFileSync(files.stdout, "no end");
  tail.read();
  expect(lines).toEqual([]);
  tail.close();
  expect(lines).toEqual(["a stdout no end"]);
});

test("a line without end is cut and the next one is whole; memory does not grow with it", () => {
  const files = logsOf("a");
  const { tail, lines } = follow(files);
  for (let at = 0; at < 20; at++) {
    appendFileSync(files.stdout, "x".repeat(50_000));
    tail.read();
  }
  appendFileSync(files.stdout, "\nnext\n");
  tail.read();
  expect(lines.map((line) => line.length)).toEqual(["a stdout ".length + 4_000, "a stdout next".length]);
});

test("many lines at once, more than are read in one go, all come and in order", () => {
  const files = logsOf("a");
  const { tail, lines } = follow(files);
  const wanted = Array.from({ length: 20_000 }, (_, at) => `line ${at}`);
  appendFileSync(files.stdout, `${wanted.join("\n")}\n`);
  tail.read();
  expect(lines).toEqual(wanted.map((line) => `a stdout ${line}`));
});

test("a file that was emptied is followed from its new start", () => {
  const files = logsOf("a");
  writeFileSync(files.stdout, "a long line that was there before\n");
  const { tail, lines } = follow(files);
  truncateSync(files.stdout);
  appendFileSync(files.stdout, "fresh\n");
  tail.read();
  expect(lines).toEqual(["a stdout fresh"]);
});

test("a service that has not written yet is no trouble, and neither is a folder that is gone", () => {
  const { tail, lines } = follow({ service: "a", stdout: "/nowhere/at/all.log", stderr: "/nowhere/at/all.log" });
  tail.read();
  expect(lines).toEqual([]);
});

test("the last lines for an error message: no more than asked for, errors last, one without an end too", () => {
  const files = logsOf("a");
  expect(lastLines(files, 3)).toEqual([]);
  writeFileSync(files.stdout, `${"x".repeat(200_000)}\none\ntwo\n`);
  writeFileSync(files.stderr, "three\nfour");
  expect(lastLines(files, 3)).toEqual(["two", "three", "four"]);
});
