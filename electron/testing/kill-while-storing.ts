import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";

export interface StoredAtKill {
  /** The highest number that was answered as durable, as heard by another process. */
  told: number;
  /** Numbers of the events on the disk, in their order. */
  stored: number[];
  /** Of the run; null for one that has not ended. */
  outcome: string | null;
  /** What SQLite finds: `ok` when the database is whole. */
  integrity: string[];
}

/**
 * A process of its own appends events to a store as fast as they are taken, prints each number that is answered as durable,
 * and is killed (SIGKILL) once this process has heard of such a number.
 */
export async function killWhileStoring(file: string, events: number, killedAt: number): Promise<StoredAtKill> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script(file, events)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let told = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Math.max(told, Number(line));
    if (told >= killedAt) child.kill("SIGKILL");
  }
  await ended;
  const database = new Database(file, { readonly: true });
  try {
    return {
      told,
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
  const told = (seq) => {
    if (seq > last) process.stdout.write((last = seq) + "\\n");
  };
  for (let seq = 1; seq < ${events}; seq++) {
    const event = { runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" };
    void store.append(event).then(told);
    if (seq % 97 === 0) await new Promise(setImmediate);
  }
  const at = { runId: "run-1", seq: ${events}, atMs: ${events}, wallMs: 1 };
  told(await store.end({ ...at, type: "run.ended", outcome: "passed", reason: "" }));
  setInterval(() => {}, 1_000);
`;
