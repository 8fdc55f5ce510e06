import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { killWhileStoring } from "../../../testing/kill-while-storing.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { arriving } from "../testing/arriving-contract.ts";
import { openStore, query } from "../testing/sqlite-under-test.ts";
import { newRun, numbersTo, seqsIn } from "../testing/store-under-test.ts";

const STRAY = "SELECT count(*) FROM events WHERE run_key NOT IN (SELECT key FROM runs)";
const EVENTS = 20_000;

test.each([300, 9_000, EVENTS])(
  "a process that is killed while it stores 20,000 events has on disk all that were answered: killed at %i",
  async (killedAt) => {
    const file = join(temporaryFolder(), "history.db");
    const { reported, stored, outcome, integrity } = await killWhileStoring(file, EVENTS, killedAt);
    expect(reported).toBeGreaterThanOrEqual(killedAt);
    expect(stored.length).toBeGreaterThanOrEqual(reported);
    expect(stored).toEqual(numbersTo(stored.length));
    expect(outcome).toBe(stored.length === EVENTS ? "passed" : null);
    expect(integrity).toEqual(["ok"]);
    const store = await openStore(file);
    expect(await store.endOrphans()).toBe(stored.length === EVENTS ? 0 : 1);
  },
);

test("a process that is killed during an import leaves nothing visible, and the next start cleans up", async () => {
  const store = await openStore();
  const child = spawn(process.execPath, ["--input-type=module", "-e", arrivingScript(store.file)], {
    stdio: "inherit",
  });
  const ended = once(child, "exit");
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

/** Imports a run that is long enough to be killed in. */
const arrivingScript = (file: string) => `
  import { SqliteRunStore } from ${JSON.stringify(join(import.meta.dirname, "sqlite-run-store.ts"))};
  const store = await SqliteRunStore.open(${JSON.stringify(file)});
  const arrivals = store.arrivals();
  arrivals.begin(${JSON.stringify({ ...newRun("run-1"), outcome: "passed", reason: "", durationMs: 1 })});
  for (let seq = 1; seq <= 100_000; seq++) {
    await arrivals.stage({ runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" });
  }
  await arrivals.commit("bundle.zip", 7);
`;
