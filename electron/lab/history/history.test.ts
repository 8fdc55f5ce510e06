import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventAt, eventsOf, passed, sampleRun, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { LabEvent } from "../events/lab-event.ts";
import { type ProcessIdentity, thisProcess } from "../stack/process-identity.ts";
import { History, type NewRun } from "./history.ts";
import { HISTORY_MIGRATIONS } from "./migrations.ts";

const nobody: ProcessIdentity = { pid: process.pid, startedAt: "in another life" };

function openHistory(file: string, owner = thisProcess): History {
  const history = new History(file, owner);
  onTestFinished(() => history.close());
  return history;
}

const newRun = (id: string, change: Partial<NewRun> = {}): NewRun => ({
  id,
  scenarioId: "mcp-crash",
  scenarioTitle: "The MCP server crashes",
  scenarioSource: "id: mcp-crash",
  driver: "process",
  without: [],
  startedWallMs: 1_700_000_000_000,
  ...change,
});

const log = (seq: number, line = "hello", runId = "run-1"): LabEvent =>
  eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line }, runId);

function recordRun(history: History, id = "run-1", change: Partial<NewRun> = {}): void {
  history.begin(newRun(id, change));
  for (const event of sampleRun(id)) history.record(event);
}

/** What another process would find on disk. */
function rowsOnDisk(file: string): number {
  const database = new Database(file, { readonly: true });
  try {
    return (database.prepare("SELECT count(*) AS rows FROM events").get() as { rows: number }).rows;
  } finally {
    database.close();
  }
}

describe("keeps runs", () => {
  test("with every event as it was, also after the file was closed and opened again", () => {
    const file = join(temporaryFolder(), "history.db");
    const first = new History(file, thisProcess);
    recordRun(first);
    first.close();
    const again = openHistory(file);
    expect([...again.events("run-1")]).toEqual(sampleRun());
    expect(again.find("run-1")).toMatchObject({ outcome: "passed", reason: "every check held", durationMs: 170 });
  });

  test("newest first, by scenario when asked, and no more than asked for", () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    recordRun(history, "a", { startedWallMs: 1 });
    recordRun(history, "c", { startedWallMs: 3, scenarioId: "other", without: ["budget"] });
    recordRun(history, "b", { startedWallMs: 2 });
    const ids = (options: Parameters<History["list"]>[0]) => history.list(options).map(({ id }) => id);
    expect(ids({ limit: 10 })).toEqual(["c", "b", "a"]);
    expect(ids({ limit: 2 })).toEqual(["c", "b"]);
    expect(ids({ limit: 10, scenarioId: "mcp-crash" })).toEqual(["b", "a"]);
    expect(history.list({ limit: 1 })[0]).toMatchObject({ without: ["budget"] });
  });

  test("to be found by the first characters of their id, unless several or none begin so", () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    for (const id of ["abc-1", "abd-2", "a%_"]) recordRun(history, id);
    expect(history.find("abc").id).toBe("abc-1");
    expect(history.find("a%").id).toBe("a%_");
    expect(() => history.find("ab")).toThrow("more than one run begins with ab");
    expect(() => history.find("x")).toThrow("no run has the id x");
    expect(() => history.find("%")).toThrow("no run has the id %");
    expect(() => history.find("")).toThrow("no run has the id (empty)");
  });

  test("and may be read event by event while another run is recorded", () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    recordRun(history, "run-1");
    const reading = history.events("run-1");
    reading.next();
    recordRun(history, "run-2");
    expect([...reading]).toHaveLength(sampleRun().length - 1);
    expect([...history.events("run-2")]).toHaveLength(sampleRun().length);
  });

  test("however long they are", () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    history.begin(newRun("run-1"));
    for (let seq = 1; seq <= 2_000; seq++) history.record(log(seq));
    expect([...history.events("run-1")].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 2_000 }, (_, at) => at + 1),
    );
  });

  test("and no event of a run that was not begun", () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    expect(() => history.record(log(1))).toThrow("run run-1 was not begun");
  });
});

describe("writes in batches", () => {
  test("a few events wait, many are written together, and reading shows them all either way", () => {
    const file = join(temporaryFolder(), "history.db");
    const history = openHistory(file);
    history.begin(newRun("run-1"));
    for (let seq = 1; seq <= 511; seq++) history.record(log(seq));
    expect(rowsOnDisk(file)).toBe(0);
    history.record(log(512));
    expect(rowsOnDisk(file)).toBe(512);
    history.record(log(513));
    expect([...history.events("run-1")]).toHaveLength(513);
    expect(rowsOnDisk(file)).toBe(513);
  });

  test("events that wait are written by themselves after a moment", async () => {
    const file = join(temporaryFolder(), "history.db");
    const history = openHistory(file);
    history.begin(newRun("run-1"));
    history.record(log(1));
    await expect.poll(() => rowsOnDisk(file)).toBe(1);
  });

  test("the end of a run is on disk, with all that came before it, when it was recorded", () => {
    const file = join(temporaryFolder(), "history.db");
    const history = openHistory(file);
    recordRun(history);
    expect(rowsOnDisk(file)).toBe(sampleRun().length);
    expect(() => history.record(log(99))).toThrow("was not begun");
  });

  test("closing writes what waits", () => {
    const file = join(temporaryFolder(), "history.db");
    const history = new History(file, thisProcess);
    history.begin(newRun("run-1"));
    history.record(log(1));
    history.close();
    expect(rowsOnDisk(file)).toBe(1);
  });
});

describe("runs whose lab has died", () => {
  test("are ended as interrupted, after their last event, and only once", async () => {
    const file = join(temporaryFolder(), "history.db");
    const dead = new History(file, nobody);
    dead.begin(newRun("run-1"));
    for (const event of eventsOf([started, { type: "phase.started", phase: "method" }])) dead.record(event);
    dead.close();
    const history = openHistory(file);
    expect(history.find("run-1").outcome).toBeUndefined();
    expect(await history.endOrphans()).toBe(1);
    expect(await history.endOrphans()).toBe(0);
    expect(history.find("run-1")).toMatchObject({ outcome: "interrupted", durationMs: 20 });
    expect([...history.events("run-1")].map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      "1 run.started",
      "2 phase.started",
      "3 run.ended",
    ]);
  });

  test("also one that died before its first event", async () => {
    const file = join(temporaryFolder(), "history.db");
    const dead = new History(file, nobody);
    dead.begin(newRun("run-1"));
    dead.close();
    const history = openHistory(file);
    await history.endOrphans();
    expect([...history.events("run-1")]).toMatchObject([{ seq: 1, type: "run.ended", outcome: "interrupted" }]);
  });

  test("are not those of a lab that lives", async () => {
    const history = openHistory(join(temporaryFolder(), "history.db"));
    history.begin(newRun("run-1"));
    expect(await history.endOrphans()).toBe(0);
  });
});

describe("two labs on one file", () => {
  test("both write, and each sees what the other has written", () => {
    const file = join(temporaryFolder(), "history.db");
    const [one, two] = [openHistory(file), openHistory(file)];
    one.begin(newRun("run-1"));
    two.begin(newRun("run-2"));
    for (let seq = 1; seq <= 600; seq++) {
      one.record(log(seq, "from one", "run-1"));
      two.record(log(seq, "from two", "run-2"));
    }
    one.record(eventAt(601, passed, "run-1"));
    two.record(eventAt(601, passed, "run-2"));
    for (const history of [one, two]) {
      expect(history.list({ limit: 9 }).map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
      expect([...history.events("run-1")]).toHaveLength(601);
      expect([...history.events("run-2")]).toHaveLength(601);
    }
  });

  test("one reads while the other has a long write open", () => {
    const file = join(temporaryFolder(), "history.db");
    recordRun(openHistory(file));
    const writer = new Database(file);
    onTestFinished(() => void writer.close());
    writer.exec("BEGIN IMMEDIATE; DELETE FROM events;");
    const database = new Database(file, { readonly: true });
    onTestFinished(() => void database.close());
    expect(database.prepare("SELECT count(*) AS rows FROM events").get()).toEqual({ rows: sampleRun().length });
  });
});

describe("a history of a newer version", () => {
  function newerHistory(): string {
    const file = join(temporaryFolder(), "history.db");
    const history = new History(file, nobody);
    recordRun(history);
    history.begin(newRun("run-2"));
    history.close();
    const database = new Database(file);
    database.exec("ALTER TABLE runs ADD COLUMN mood TEXT");
    database.pragma(`user_version = ${HISTORY_MIGRATIONS.length + 1}`);
    database.close();
    return file;
  }

  test("is read, and says why nothing can be recorded and what to do", () => {
    const history = openHistory(newerHistory());
    expect(history.readOnlyBecause).toContain(
      `was written by a newer Resilience Lab (format ${HISTORY_MIGRATIONS.length + 1}, this one knows ${HISTORY_MIGRATIONS.length})`,
    );
    expect([...history.events("run-1")]).toEqual(sampleRun());
    expect(() => history.begin(newRun("run-3"))).toThrow("past runs can be read, new ones cannot be recorded");
    expect(() => history.assertWritable()).toThrow(
      expect.objectContaining({ code: "read-only", cure: expect.stringContaining("RESILIENCE_LAB_HOME") }),
    );
  });

  test("is left as it is: no byte of it changes, orphans in it stay", async () => {
    const file = newerHistory();
    const before = readFileSync(file);
    const history = new History(file, thisProcess);
    expect(await history.endOrphans()).toBe(0);
    history.close();
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe("a history that may not be written", () => {
  test("is read, and says why nothing can be recorded", () => {
    const folder = temporaryFolder();
    const file = join(folder, "history.db");
    const history = new History(file, thisProcess);
    recordRun(history);
    history.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o777);
    // Root may write everything, so somebody else looks.
    const script = `
      const { History } = await import(${JSON.stringify(join(import.meta.dirname, "history.ts"))});
      const history = new History(${JSON.stringify(file)}, { pid: 1, startedAt: "" });
      console.log(JSON.stringify({ why: history.readOnlyBecause, events: [...history.events("run-1")].length }));
      history.close();`;
    const asUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], { ...asUser, encoding: "utf8" });
    expect(child.stderr).toBe("");
    const seen = JSON.parse(child.stdout);
    expect(seen.why).toMatch(/the run history .*history\.db cannot be written: EACCES/);
    expect(seen.events).toBe(sampleRun().length);
  });
});

describe("a history that is damaged", () => {
  const asideIn = (folder: string) => readdirSync(folder).filter((name) => name.includes(".corrupt-"));

  test.each([
    [
      "is no database",
      (whole: Buffer) =>
        Buffer.from("not a database, but long enough to be looked at\n".repeat(100 + whole.length / 100)),
    ],
    ["has lost its beginning", (whole: Buffer) => Buffer.concat([Buffer.alloc(100, 7), whole.subarray(100)])],
    [
      "has a schema that is noise",
      (whole: Buffer) => Buffer.concat([whole.subarray(0, 100), Buffer.alloc(3_996, 7), whole.subarray(4_096)]),
    ],
  ])("because it %s is put aside, whole and by name, and a new one begun", (_how, damage) => {
    const folder = temporaryFolder();
    const file = join(folder, "history.db");
    const old = new History(file, thisProcess);
    recordRun(old);
    old.close();
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);

    const history = openHistory(file);
    const [aside = ""] = asideIn(folder);
    expect(history.setAsideTo).toBe(join(folder, aside));
    expect(readFileSync(join(folder, aside)).equals(damaged)).toBe(true);
    expect(history.list({ limit: 9 })).toEqual([]);
    recordRun(history, "run-2");
    expect([...history.events("run-2")]).toEqual(sampleRun("run-2"));
  });

  test("twice is put aside twice, and the first one is still there", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "history.db");
    for (const text of ["first damage ", "second damage "]) {
      writeFileSync(file, text.repeat(200));
      new History(file, thisProcess).close();
    }
    expect(asideIn(folder).filter((name) => !/-(wal|shm)$/.test(name))).toHaveLength(2);
  });

  test("in one row names the run and the event, and the rest can be read", () => {
    const file = join(temporaryFolder(), "history.db");
    const history = openHistory(file);
    recordRun(history, "run-1");
    recordRun(history, "run-2");
    const database = new Database(file);
    database.exec("UPDATE events SET body = '{\"type\":' WHERE seq = 3 AND run_key = 1");
    database.close();
    const read: LabEvent[] = [];
    expect(() => {
      for (const event of history.events("run-1")) read.push(event);
    }).toThrow("event 3 of run run-1 is damaged in the history");
    expect(read).toHaveLength(2);
    expect([...history.events("run-2")]).toEqual(sampleRun("run-2"));
    expect(history.list({ limit: 9 })).toHaveLength(2);
  });

  test("deep inside is an error that names the file, and the file stays", () => {
    const folder = temporaryFolder();
    const file = join(folder, "history.db");
    const old = new History(file, thisProcess);
    old.begin(newRun("run-1"));
    for (let seq = 1; seq <= 2_000; seq++) old.record(log(seq, "x".repeat(100)));
    old.record(eventAt(2_001, passed));
    old.close();
    const bytes = readFileSync(file);
    bytes.fill(7, 10 * 4_096, bytes.length);
    writeFileSync(file, bytes);
    const history = openHistory(file);
    expect(() => [...history.events("run-1")]).toThrow(/the run history .*history\.db is damaged: /);
    expect(existsSync(file)).toBe(true);
  });
});

test("a folder where the file should be is said so", () => {
  const folder = temporaryFolder();
  expect(() => new History(folder, thisProcess)).toThrow(
    /the run history .* cannot be opened: unable to open database file/,
  );
});

test("an empty file, as a full disk leaves it, is a new history", () => {
  const file = join(temporaryFolder(), "history.db");
  writeFileSync(file, "");
  recordRun(openHistory(file));
});
