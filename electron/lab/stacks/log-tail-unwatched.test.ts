import { EventEmitter } from "node:events";
import type * as fs from "node:fs";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { LogTail } from "./log-tail.ts";

/** The system's limit cannot be lowered for one process alone. */
const watching = vi.hoisted(() => ({ watch: (): unknown => undefined }));
vi.mock("node:fs", async (original) => ({
  ...(await original<typeof fs>()),
  watch: () => watching.watch(),
}));

const ENOSPC = Object.assign(new Error("ENOSPC: System limit for number of file watchers reached"), { code: "ENOSPC" });

test.each<[string, () => unknown]>([
  [
    "refuses to watch",
    () => {
      throw ENOSPC;
    },
  ],
  [
    "stops watching",
    () => {
      const watcher = Object.assign(new EventEmitter(), { close: () => {} });
      setImmediate(() => watcher.emit("error", ENOSPC));
      return watcher;
    },
  ],
])("lines are told all the same where the system %s files", async (_how, watch) => {
  watching.watch = watch;
  const folder = temporaryFolder();
  const files = { service: "a", stdout: join(folder, "a.stdout.log"), stderr: join(folder, "a.stderr.log") };
  const lines: string[] = [];
  const tail = new LogTail([files], ({ line }) => lines.push(line));
  onTestFinished(() => tail.close());
  appendFileSync(files.stdout, "one\n");
  await expect.poll(() => lines).toEqual(["one"]);
  appendFileSync(files.stderr, "two\n");
  await expect.poll(() => lines).toEqual(["one", "two"]);
});
