import { statSync } from "node:fs";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventAt } from "../../../testing/sample-events.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { thisProcess } from "../../process-identity.ts";
import { toColumns } from "../event-columns.ts";
import { toRow } from "../event-row.ts";
import type { RunBatch } from "../history-threads.ts";
import { query } from "../testing/sqlite-under-test.ts";
import { newRun } from "../testing/store-under-test.ts";
import { SqliteWriter } from "./writer.ts";

const opened = vi.hoisted((): Database.Database[] => []);

vi.mock("better-sqlite3", async (original) => {
  const { default: Real } = await original<{ default: typeof Database }>();
  class Watched extends Real {
    constructor(...given: ConstructorParameters<typeof Database>) {
      super(...given);
      opened.push(this);
    }
  }
  return { default: Watched };
});

const batch = (from: number, to: number): RunBatch[] => {
  const line = "x".repeat(200);
  const rows = Array.from({ length: to - from + 1 }, (_, at) =>
    toRow(eventAt(from + at, { type: "service.log", service: "gateway", stream: "stdout", line })),
  );
  return [{ runId: "run-1", rows: toColumns(rows) }];
};

/** A history whose file may only grow by a few pages (SQLite's max_page_count). */
function fullHistory() {
  const file = join(temporaryFolder(), "history.db");
  const writer = new SqliteWriter(file, thisProcess);
  onTestFinished(() => writer.close());
  const database = opened.at(-1);
  writer.begin(newRun("run-1"));
  database?.pragma(`max_page_count = ${statSync(file).size / 4_096 + 10}`);
  return { file, writer, makeSpace: () => database?.pragma("max_page_count = 1000000") };
}

test("on a full disk a batch is written completely or not at all, and no later one of its attempt", () => {
  const { file, writer, makeSpace } = fullHistory();
  writer.write(batch(1, 10), 0);
  expect(() => writer.write(batch(11, 2_000), 0)).toThrow("database or disk is full");
  makeSpace();
  expect(() => writer.write(batch(2_001, 2_010), 0)).toThrow("an earlier batch could not be written");
  expect(query(file, "SELECT max(seq) FROM events")).toEqual([10]);
  writer.write(batch(11, 2_010), 1);
  expect(query(file, "SELECT count(*) FROM events")).toEqual([2_010]);
});

test("no run is started that could not be recorded", () => {
  const { file, writer } = fullHistory();
  expect(() => writer.begin(newRun("run-2", { scenarioSource: "x".repeat(1_000_000) }))).toThrow("disk is full");
  expect(query(file, "SELECT id FROM runs")).toEqual(["run-1"]);
});
