import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { eventAt, passed, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { Arrivals, type ArrivingRun } from "./arrivals.ts";
import { History } from "./history.ts";
import { HISTORY_MIGRATIONS } from "./migrations.ts";

const MANY = 20_000;

function openHistory(): History {
  const history = new History(join(temporaryFolder(), "history.db"), thisProcess);
  onTestFinished(() => history.close());
  return history;
}

function run(id: string): ArrivingRun {
  const scenario = { scenarioId: "mcp-crash", scenarioTitle: "The MCP server crashes", scenarioSource: "" };
  return {
    id,
    ...scenario,
    driver: "process",
    without: [],
    startedWallMs: 0,
    outcome: "passed",
    reason: "",
    durationMs: 1,
  };
}

/** Runs of so many events, on their way in. */
function arriving(history: History, events: number, ...ids: string[]): Arrivals {
  const arrivals = new Arrivals(history);
  onTestFinished(() => arrivals.close());
  for (const id of ids) {
    arrivals.begin(run(id));
    arrivals.stage(eventAt(1, started, id));
    for (let seq = 2; seq < events; seq++) {
      arrivals.stage(eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line: `${seq}` }, id));
    }
    arrivals.stage(eventAt(events, passed, id));
  }
  return arrivals;
}

function query(history: History, sql: string): unknown[] {
  const database = new Database(history.file, { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

const strayEvents = (history: History) =>
  query(history, "SELECT count(*) FROM events WHERE run_key NOT IN (SELECT key FROM runs)");

test("others are served and recorded while many events come in, and see none of their run before it is whole", async () => {
  const history = openHistory();
  history.begin({ ...run("live"), startedWallMs: 5 });
  let seq = 0;
  let isOver = false;
  const seen = new Set<boolean>();
  const beside = (async () => {
    while (!isOver) {
      history.record(eventAt(++seq, started, "live"));
      history.flush();
      seen.add(history.has("run-1"));
      await new Promise(setImmediate);
    }
  })();
  await arriving(history, MANY, "run-1").commit("bundle.zip", 7);
  isOver = true;
  await beside;
  expect(seq).toBeGreaterThan(MANY / 2_000 - 2);
  expect(seen).toEqual(new Set([false]));
  expect([...history.events("run-1")]).toHaveLength(MANY);
  expect([...history.events("live")]).toHaveLength(seq);
  expect(query(history, "SELECT number FROM arrivals")).toEqual([]);
});

test("of several runs all come in or none: one that is here by then keeps the others out, and nothing is left of them", async () => {
  const history = openHistory();
  const arrivals = arriving(history, 3_000, "run-1", "run-2");
  history.begin(run("run-2"));
  await expect(arrivals.commit("bundle.zip", 7)).rejects.toThrow("run run-2 has come into the history meanwhile");
  expect(history.has("run-1")).toBe(false);
  expect(strayEvents(history)).toEqual([0]);
  expect(query(history, "SELECT number FROM arrivals")).toEqual([]);
});

test("what a process that died had brought in by half is cleared away at the next start, and what another brings in is not", async () => {
  const history = openHistory();
  const database = new Database(history.file);
  database.pragma("foreign_keys = OFF");
  const arrival = database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)");
  arrival.run(2 ** 22 + 1, "long ago");
  arrival.run(thisProcess.pid, thisProcess.startedAt);
  const event = database.prepare("INSERT INTO events VALUES (?, 1, 0, 0, 0, '{}')");
  for (const key of [-1, -2]) event.run(key);
  database.close();
  expect(await history.endOrphans()).toBe(0);
  expect(query(history, "SELECT run_key FROM events")).toEqual([-2]);
  expect(query(history, "SELECT number FROM arrivals")).toEqual([2]);
});

test("a run that came in can be deleted with its events, and its place is not given to another", async () => {
  const history = openHistory();
  await arriving(history, 3, "run-1").commit("bundle.zip", 7);
  const [first] = query(history, "SELECT key FROM runs");
  const database = new Database(history.file);
  database.prepare("DELETE FROM runs").run();
  database.close();
  expect(strayEvents(history)).toEqual([0]);
  await arriving(history, 3, "run-1").commit("bundle.zip", 8);
  expect(query(history, "SELECT key FROM runs")).not.toEqual([first]);
});

test("an arrival that is cancelled in the middle leaves nothing, and the run may come again", async () => {
  const history = openHistory();
  const cancel = new AbortController();
  const committing = arriving(history, MANY, "run-1").commit("bundle.zip", 7, cancel.signal);
  await new Promise(setImmediate);
  expect(strayEvents(history)).not.toEqual([0]);
  cancel.abort(new Error("cancelled by a person"));
  await expect(committing).rejects.toThrow("cancelled by a person");
  expect(history.has("run-1")).toBe(false);
  expect(strayEvents(history)).toEqual([0]);
  expect(query(history, "SELECT number FROM arrivals")).toEqual([]);
  await arriving(history, 3, "run-1").commit("bundle.zip", 7);
  expect([...history.events("run-1")]).toHaveLength(3);
});

test("numbers with holes come in as they are: what makes a run whole is for the reader of the bundle to say", async () => {
  const history = openHistory();
  const arrivals = new Arrivals(history);
  onTestFinished(() => arrivals.close());
  arrivals.begin(run("run-1"));
  const numbers = [1, 2, ...Array.from({ length: 5_000 }, (_, index) => 10_000 + 3 * index)];
  for (const seq of numbers) arrivals.stage(eventAt(seq, started, "run-1"));
  await arrivals.commit("bundle.zip", 7);
  expect([...history.events("run-1")].map(({ seq }) => seq)).toEqual(numbers);
});

test("a run that begins is never given the place of one that is on its way in", async () => {
  const history = openHistory();
  const database = new Database(history.file);
  database.pragma("foreign_keys = OFF");
  database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)").run(2 ** 22 + 1, "long ago");
  database.prepare("INSERT INTO events VALUES (-1, 1, 0, 0, 0, '{}')").run();
  database.close();
  await arriving(history, 3, "run-2").commit("bundle.zip", 7);
  history.begin(run("live"));
  history.record(eventAt(1, started, "live"));
  history.record(eventAt(2, passed, "live"));
  await history.endOrphans();
  expect([...history.events("live")]).toHaveLength(2);
  expect([...history.events("run-2")]).toHaveLength(3);
  expect(strayEvents(history)).toEqual([0]);
});

test("runs of one bundle keep their order among each other", async () => {
  const history = openHistory();
  await arriving(history, 3, "run-1", "run-2", "run-3").commit("bundle.zip", 7);
  expect(history.list({ limit: 9 }).map(({ id }) => id)).toEqual(["run-3", "run-2", "run-1"]);
});

test("a process that is killed in the middle leaves nothing that anyone sees, and the next start clears it away", async () => {
  const history = openHistory();
  const child = spawn(process.execPath, ["--input-type=module", "-e", killedScript(history.file)], {
    stdio: "inherit",
  });
  const ended = once(child, "exit");
  await expect.poll(() => strayEvents(history)[0], { interval: 1, timeout: 20_000 }).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await ended;
  expect(history.list({ limit: 9 })).toEqual([]);
  expect(await history.endOrphans()).toBe(0);
  expect(strayEvents(history)).toEqual([0]);
  expect(query(history, "SELECT number FROM arrivals")).toEqual([]);
  await arriving(history, 3, "run-1").commit("bundle.zip", 7);
  expect([...history.events("run-1")]).toHaveLength(3);
});

/** Brings in a run that is long enough to be killed at. */
const killedScript = (file: string) => `
  import { Arrivals } from ${JSON.stringify(join(import.meta.dirname, "arrivals.ts"))};
  import { History } from ${JSON.stringify(join(import.meta.dirname, "history.ts"))};
  import { thisProcess } from ${JSON.stringify(join(import.meta.dirname, "../stack/process-identity.ts"))};
  const arrivals = new Arrivals(new History(${JSON.stringify(file)}, thisProcess));
  arrivals.begin(${JSON.stringify(run("run-1"))});
  for (let seq = 1; seq <= 100_000; seq++) {
    arrivals.stage({ runId: "run-1", seq, atMs: seq, wallMs: seq, type: "warning", code: "c", message: "m" });
  }
  await arrivals.commit("bundle.zip", 7);
`;

test("a history of the format before is brought to this one with its runs, and takes runs in", async () => {
  const file = join(temporaryFolder(), "history.db");
  const old = new Database(file);
  old.exec(HISTORY_MIGRATIONS[0] ?? "");
  old.pragma("user_version = 1");
  old.exec(`INSERT INTO runs (id, scenario_id, scenario_title, scenario_source, driver, without, status, outcome, reason,
    started_wall_ms, duration_ms, owner_pid, owner_started)
    VALUES ('old', 'mcp-crash', '', '', 'process', '[]', 'ended', 'passed', '', 1, 1, 1, '')`);
  old.exec(`INSERT INTO events VALUES (1, 1, 0, 0, 12, '{"code":"c","message":"m"}')`);
  old.close();
  const history = new History(file, thisProcess);
  onTestFinished(() => history.close());
  await arriving(history, 3, "run-1").commit("bundle.zip", 7);
  expect(history.list({ limit: 9 }).map(({ id }) => id)).toEqual(["old", "run-1"]);
  expect([...history.events("old")]).toMatchObject([{ type: "warning", seq: 1 }]);
  expect([...history.events("run-1")]).toHaveLength(3);
});

test("runs may be deleted while others come in", async () => {
  const history = openHistory();
  await arriving(history, 3, "run-1").commit("bundle.zip", 7);
  const committing = arriving(history, MANY, "run-2").commit("bundle.zip", 8);
  await new Promise(setImmediate);
  const database = new Database(history.file);
  database.prepare("DELETE FROM runs").run();
  database.close();
  await committing;
  expect(history.list({ limit: 9 }).map(({ id }) => id)).toEqual(["run-2"]);
  expect([...history.events("run-2")]).toHaveLength(MANY);
  expect(strayEvents(history)).toEqual([0]);
});
