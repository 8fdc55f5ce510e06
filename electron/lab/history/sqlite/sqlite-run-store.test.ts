import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { NO_ANNOTATIONS } from "../../../model/annotations.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { eventAt, eventsOf, passed, sampleRun } from "../../../testing/sample-events.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { openStore, query } from "../testing/sqlite-under-test.ts";
import { eventsIn, NOBODY, newRun, recordRun, recordShortRun, seqsIn } from "../testing/store-under-test.ts";
import { HISTORY_MIGRATIONS } from "./migrations.ts";

const log = (seq: number, line: string): LabEvent =>
  eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line });

/** A closed history with two runs, the second without an end. */
async function storedHistory(): Promise<string> {
  const file = join(temporaryFolder(), "history.db");
  const store = await openStore(file, NOBODY);
  await recordRun(store, "run-1");
  await store.begin(newRun("run-2"));
  await store.close();
  return file;
}

test("the database is consistent after many runs, some deleted, some imported", async () => {
  const file = await storedHistory();
  const store = await openStore(file);
  for (const id of ["a", "b", "c"]) await recordRun(store, id);
  await store.delete(["a"], () => false);
  const arrivals = store.arrivals();
  arrivals.begin({ ...newRun("in"), outcome: "passed", reason: "", durationMs: 1 });
  for (const event of eventsOf([passed], "in")) await arrivals.stage(event);
  await arrivals.commit("bundle.zip", 7);
  await store.endOrphans();
  await store.close();
  expect(query(file, "PRAGMA integrity_check")).toEqual(["ok"]);
  expect(query(file, "PRAGMA foreign_key_check")).toEqual([]);
  expect(query(file, "SELECT count(*) FROM removals")).toEqual([0]);
  expect(query(file, "SELECT count(*) FROM arrivals")).toEqual([0]);
});

describe("a history of a newer version", () => {
  async function newerHistory(): Promise<string> {
    const file = await storedHistory();
    const database = new Database(file);
    database.exec("ALTER TABLE runs ADD COLUMN mood TEXT");
    database.pragma(`user_version = ${HISTORY_MIGRATIONS.length + 1}`);
    database.close();
    return file;
  }

  test("is read, with the reason why nothing can be recorded and the next step", async () => {
    const store = await openStore(await newerHistory());
    expect(store.readOnlyBecause).toContain(
      `was written by a newer Resilience Lab (format ${HISTORY_MIGRATIONS.length + 1}, this one knows ${HISTORY_MIGRATIONS.length})`,
    );
    expect(await eventsIn(store, "run-1")).toEqual(sampleRun());
    await expect(store.begin(newRun("run-3"))).rejects.toThrow("past runs can be read, new ones cannot be recorded");
    expect(() => store.assertWritable()).toThrow(
      expect.objectContaining({ code: "read-only", hint: expect.stringContaining("RESILIENCE_LAB_HOME") }),
    );
    expect(() => store.arrivals()).toThrow("cannot be recorded");
    await expect(store.pin("run-1", true)).rejects.toThrow("cannot be recorded");
    await expect(store.delete(["run-1"], () => false)).rejects.toThrow("cannot be recorded");
    expect(await store.trim(0)).toBe(0);
  });

  test("is left unchanged byte by byte, with its orphans", async () => {
    const file = await newerHistory();
    const before = readFileSync(file);
    const store = await openStore(file);
    expect(await store.endOrphans()).toBe(0);
    await store.close();
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe("a history of an older version", () => {
  /** A database of the first version. */
  function oldHistory(): string {
    const file = join(temporaryFolder(), "history.db");
    const old = new Database(file);
    old.exec(HISTORY_MIGRATIONS[0] ?? "");
    old.pragma("user_version = 1");
    old.exec(`INSERT INTO runs (id, scenario_id, scenario_title, scenario_source, driver, without, status, outcome, reason,
      started_wall_ms, duration_ms, owner_pid, owner_started)
      VALUES ('old', 'mcp-crash', '', '', 'process', '[]', 'ended', 'passed', '', 1, 1, 1, '')`);
    old.exec(`INSERT INTO events VALUES (1, 1, 0, 0, 12, '{"code":"c","message":"m"}')`);
    old.close();
    return file;
  }

  const asOfTheFirstVersion = { id: "old", pinned: false, raw: false, importedFrom: null, annotations: NO_ANNOTATIONS };

  test("is migrated with its runs", async () => {
    const store = await openStore(oldHistory());
    await recordShortRun(store, "run-1");
    expect((await store.list({})).runs).toMatchObject([{ id: "run-1" }, asOfTheFirstVersion]);
    expect(await eventsIn(store, "old")).toMatchObject([{ type: "warning", seq: 1 }]);
  });

  test("that cannot be written is read without migration", () => {
    const file = oldHistory();
    const seen = asSomebodyElse(file, "(await store.list({ pinned: false })).runs");
    expect(seen).toMatchObject([asOfTheFirstVersion]);
  });
});

/** Reads as a user without write access: root has it everywhere. */
function asSomebodyElse(file: string, read: string): unknown {
  chmodSync(file, 0o444);
  chmodSync(join(file, ".."), 0o777);
  const script = `
    const { SqliteRunStore } = await import(${JSON.stringify(join(import.meta.dirname, "sqlite-run-store.ts"))});
    const store = await SqliteRunStore.open(${JSON.stringify(file)}, { pid: 1, startedAt: "" });
    console.log(JSON.stringify(${read}));
    await store.close();`;
  const asUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], { ...asUser, encoding: "utf8" });
  expect(child.stderr).toBe("");
  return JSON.parse(child.stdout);
}

test("a history that cannot be written is read, with the reason why nothing can be recorded", async () => {
  const file = await storedHistory();
  const seen = asSomebodyElse(
    file,
    "{ why: store.readOnlyBecause, events: (await Array.fromAsync(store.events('run-1'))).length }",
  ) as { why: string; events: number };
  expect(seen.why).toMatch(/the run history .*history\.db cannot be written: EACCES/);
  expect(seen.events).toBe(sampleRun().length);
});

test("a folder in which no history can be created reads as empty, without an error", async () => {
  const file = join(temporaryFolder(), "history.db");
  writeFileSync(file, "");
  expect(asSomebodyElse(file, "await store.list({})")).toMatchObject({ runs: [], matching: 0 });
});

describe("a history that is damaged", () => {
  const movedIn = (folder: string) => readdirSync(folder).filter((name) => name.includes(".corrupt-"));

  test.each([
    [
      "is no database",
      (whole: Buffer) => Buffer.from("not a database, but long enough to be read\n".repeat(100 + whole.length / 100)),
    ],
    ["has lost its beginning", (whole: Buffer) => Buffer.concat([Buffer.alloc(100, 7), whole.subarray(100)])],
    [
      "has a corrupt schema",
      (whole: Buffer) => Buffer.concat([whole.subarray(0, 100), Buffer.alloc(3_996, 7), whole.subarray(4_096)]),
    ],
  ])("because it %s is renamed unchanged, and a new one created", async (_how, damage) => {
    const file = await storedHistory();
    const folder = join(file, "..");
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);

    const store = await openStore(file);
    const [moved = ""] = movedIn(folder);
    expect(store.notices).toEqual([
      `the run history was damaged; it was moved, unchanged, to ${join(folder, moved)} and a new one created`,
    ]);
    expect(readFileSync(join(folder, moved)).equals(damaged)).toBe(true);
    expect((await store.list({})).runs).toEqual([]);
    await recordRun(store, "run-2");
    expect(await eventsIn(store, "run-2")).toEqual(sampleRun("run-2"));
  });

  test("twice is renamed twice, and the first one still exists", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "history.db");
    for (const text of ["first damage ", "second damage "]) {
      writeFileSync(file, text.repeat(200));
      await (await openStore(file)).close();
    }
    expect(movedIn(folder).filter((name) => !/-(wal|shm)$/.test(name))).toHaveLength(2);
  });

  test.each(["{", "[]", "1", ""])(
    "in one row (%j) is reported with run and event, and the rest can be read",
    async (body) => {
      const store = await openStore();
      await recordRun(store, "run-1");
      await recordRun(store, "run-2");
      const database = new Database(store.file);
      database.prepare("UPDATE events SET body = ? WHERE seq = 3 AND run_key = 1").run(body);
      database.close();
      const read: LabEvent[] = [];
      const reading = (async () => {
        for await (const event of store.events("run-1")) read.push(event);
      })();
      await expect(reading).rejects.toThrow("event 3 of run run-1 is damaged in the history");
      expect(read).toHaveLength(2);
      await expect(store.entries("run-1", 0, 100)).rejects.toThrow("event 3 of run run-1 is damaged in the history");
      expect(await eventsIn(store, "run-2")).toEqual(sampleRun("run-2"));
      expect((await store.list({})).runs).toHaveLength(2);
    },
  );

  test("in its pages is an error that names the file, and the file stays", async () => {
    const file = join(temporaryFolder(), "history.db");
    const old = await openStore(file);
    await old.begin(newRun("run-1"));
    for (let seq = 1; seq <= 2_000; seq++) void old.append(log(seq, "x".repeat(100)));
    await old.close();
    const bytes = readFileSync(file);
    // Pages of events, not those of the schema at its beginning.
    bytes.fill(7, bytes.length / 2, bytes.length);
    writeFileSync(file, bytes);
    const store = await openStore(file);
    await expect(eventsIn(store, "run-1")).rejects.toThrow(/the run history .*history\.db is damaged: /);
    expect(existsSync(file)).toBe(true);
  });
});

test("a folder in place of the file is an error", async () => {
  const folder = temporaryFolder();
  await expect(openStore(folder)).rejects.toThrow(/the run history .* cannot be opened: unable to open database file/);
});

test.runIf(process.getuid?.() === 0)("a file of another user is refused", async () => {
  const file = await storedHistory();
  const chown = spawnSync("chown", ["65534", file], { encoding: "utf8" });
  expect(chown.stderr).toBe("");
  await expect(openStore(file)).rejects.toMatchObject({ code: "bad-input" });
});

test("an empty file, as a full disk leaves it, is a new history", async () => {
  const file = join(temporaryFolder(), "history.db");
  writeFileSync(file, "");
  await recordShortRun(await openStore(file), "run-1");
});

test("unfinished removals and imports of a dead lab are cleaned up at the next start", async () => {
  const file = await storedHistory();
  const database = new Database(file);
  database.pragma("foreign_keys = OFF");
  database.exec("INSERT INTO removals SELECT key FROM runs WHERE id = 'run-1'; DELETE FROM runs WHERE id = 'run-1'");
  const arrival = database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)");
  arrival.run(2 ** 22 + 1, "long ago");
  const living = await openStore(file);
  const own = living.arrivals();
  own.begin({ ...newRun("in"), outcome: "passed", reason: "", durationMs: 1 });
  onTestFinished(() => own.close().catch(() => {}));
  database.prepare("INSERT INTO events VALUES (-1, 1, 0, 0, 0, '{}')").run();
  const store = await openStore(file);
  expect(await store.has("run-1")).toBe(false);
  await recordShortRun(store, "later");
  expect(await store.endOrphans()).toBe(1);
  expect(await seqsIn(store, "later")).toEqual([1, 2]);
  expect(query(file, "SELECT count(*) FROM events WHERE run_key NOT IN (SELECT key FROM runs)")).toEqual([0]);
  expect(query(file, "SELECT number FROM arrivals")).toEqual([]);
  await own.commit("bundle.zip", 7);
  expect(await store.has("in")).toBe(true);
  database.close();
});
