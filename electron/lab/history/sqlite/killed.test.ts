import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { arriving } from "../testing/arriving-contract.ts";
import { openStore, query } from "../testing/sqlite-under-test.ts";
import { newRun, numbersTo, seqsIn } from "../testing/store-under-test.ts";

const STRAY = "SELECT count(*) FROM events WHERE run_key NOT IN (SELECT key FROM runs)";
const EVENTS = 20_000;

/** A process of its own with an open store; what it prints is heard line by line. */
function storeProcess(file: string, work: string) {
  const script = `
    import { SqliteRunStore } from ${JSON.stringify(join(import.meta.dirname, "sqlite-run-store.ts"))};
    const store = await SqliteRunStore.open(${JSON.stringify(file)});
    ${work}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return { child, ended: once(child, "exit"), lines: createInterface({ input: child.stdout }) };
}

test.each([300, 9_000, EVENTS])(
  "a process that is killed while 20,000 events come in has on the disk what was answered: killed at %i",
  async (killedAt) => {
    const file = join(temporaryFolder(), "history.db");
    const { child, ended, lines } = storeProcess(
      file,
      `await store.begin(${JSON.stringify(newRun("run-1"))});
       let last = 0;
       const told = (seq) => {
         if (seq > last) process.stdout.write((last = seq) + "\\n");
       };
       for (let seq = 1; seq < ${EVENTS}; seq++) {
         const event = { runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" };
         void store.append(event).then(told);
         if (seq % 97 === 0) await new Promise(setImmediate);
       }
       const end = { runId: "run-1", seq: ${EVENTS}, atMs: 1, wallMs: 1, type: "run.ended", outcome: "passed", reason: "" };
       await store.end(end).then(told);
       setInterval(() => {}, 1_000);`,
    );
    let told = 0;
    for await (const line of lines) {
      told = Math.max(told, Number(line));
      if (told >= killedAt) child.kill("SIGKILL");
    }
    await ended;
    expect(told).toBeGreaterThanOrEqual(killedAt);
    const [stored = 0] = query(file, "SELECT count(*) FROM events") as number[];
    expect(stored).toBeGreaterThanOrEqual(told);
    expect(query(file, "SELECT seq FROM events ORDER BY seq")).toEqual(numbersTo(stored));
    expect(query(file, "SELECT outcome FROM runs")).toEqual([stored === EVENTS ? "passed" : null]);
    expect(query(file, "PRAGMA integrity_check")).toEqual(["ok"]);
    const store = await openStore(file);
    expect(await store.endOrphans()).toBe(stored === EVENTS ? 0 : 1);
  },
);

test("a process that is killed while a run comes in leaves nothing that anyone sees, and the next start clears it away", async () => {
  const store = await openStore();
  const { child, ended } = storeProcess(
    store.file,
    `const arrivals = store.arrivals();
     arrivals.begin(${JSON.stringify({ ...newRun("run-1"), outcome: "passed", reason: "", durationMs: 1 })});
     for (let seq = 1; seq <= 100_000; seq++) {
       await arrivals.stage({ runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" });
     }
     await arrivals.commit("bundle.zip", 7);`,
  );
  await expect.poll(() => query(store.file, STRAY)[0], { interval: 1 }).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await ended;
  expect((await store.list({})).runs).toEqual([]);
  expect(await store.endOrphans()).toBe(0);
  expect(query(store.file, STRAY)).toEqual([0]);
  expect(query(store.file, "SELECT number FROM arrivals")).toEqual([]);
  await (await arriving(store, 3, "run-1")).commit("bundle.zip", 7);
  expect(await seqsIn(store, "run-1")).toEqual([1, 2, 3]);
});
