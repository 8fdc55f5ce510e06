import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { eventAt, passed, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { Arrivals, type ArrivingRun } from "./arrivals.ts";
import { History } from "./history.ts";

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

test("what a process that died had brought in by half is cleared away at the next start, and what another brings in is not", () => {
  const history = openHistory();
  const database = new Database(history.file);
  database.pragma("foreign_keys = OFF");
  const arrival = database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)");
  arrival.run(2 ** 22 + 1, "long ago");
  arrival.run(thisProcess.pid, thisProcess.startedAt);
  const event = database.prepare("INSERT INTO events VALUES (?, 1, 0, 0, 0, '{}')");
  for (const key of [-1, -2]) event.run(key);
  database.close();
  expect(history.endOrphans()).toBe(0);
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
