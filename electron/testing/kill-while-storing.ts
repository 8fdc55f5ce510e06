import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";

export interface StoredAtKill {
  /** The highest number acknowledged as durable, as received by another process. */
  reported: number;
  /** Numbers of the events on disk, in order. */
  stored: number[];
  /** Outcome of the run; null if it has not ended. */
  outcome: string | null;
  /** SQLite's integrity check: `ok` when intact. */
  integrity: string[];
}

/**
 * A separate process appends events to a store as fast as they are accepted, prints each number acknowledged as durable,
 * and is killed (SIGKILL) once this process has received `killedAt`.
 */
export async function killWhileStoring(file: string, events: number, killedAt: number): Promise<StoredAtKill> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script(file, events)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let reported = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    reported = Math.max(reported, Number(line));
    if (reported >= killedAt) child.kill("SIGKILL");
  }
  await ended;
  const database = new Database(file, { readonly: true });
  try {
    return {
      reported,
      stored: database.prepare("SELECT seq FROM events ORDER BY seq").pluck().all() as number[],
      outcome: database.prepare("SELECT outcome FROM runs").pluck().get() as string | null,
      integrity: database.prepare("PRAGMA integrity_check").pluck().all() as string[],
    };
  } finally {
    database.close();
  }
}

const STORE = join(import.meta.dirname, "..", "lab", "history", "sqlite", "sqlite-run-store.ts");

const script = (file: string, events: number) => `
  import { SqliteRunStore } from ${JSON.stringify(STORE)};
  const store = await SqliteRunStore.open(${JSON.stringify(file)});
  const run = { scenarioId: "storm", scenarioTitle: "", scenarioSource: "", driver: "process", without: [] };
  await store.begin({ ...run, id: "run-1", startedWallMs: 1 });
  let last = 0;
  const reported = (seq) => {
    if (seq > last) process.stdout.write((last = seq) + "\\n");
  };
  for (let seq = 1; seq < ${events}; seq++) {
    const event = { runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" };
    void store.append(event).then(reported);
    if (seq % 97 === 0) await new Promise(setImmediate);
  }
  const at = { runId: "run-1", seq: ${events}, atMs: ${events}, wallMs: 1 };
  reported(await store.end({ ...at, type: "run.ended", outcome: "passed", reason: "" }));
  setInterval(() => {}, 1_000);
`;
