import { expect, test } from "vitest";
import type { EventOf } from "../../../model/lab-event.ts";
import { eventAt, eventsOf, passed, started } from "../../../testing/sample-events.ts";
import { postgresForFile } from "../testing/postgres-under-test.ts";
import { appendAll, closedAtEnd, newRun, numbersTo, recordShortRun, seqsIn } from "../testing/store-under-test.ts";
import { inTransaction, openPool } from "./connections.ts";
import { POSTGRES_MIGRATIONS } from "./migrations.ts";
import { PostgresRunStore } from "./postgres-run-store.ts";

const postgres = postgresForFile();
const open = async (location = postgres.newLocation()) => closedAtEnd(await PostgresRunStore.open(location));

test("labs that start at once on an empty database migrate it once, and all of them write", async () => {
  const location = postgres.newLocation();
  const stores = await Promise.all(numbersTo(5).map(() => open(location)));
  await Promise.all(stores.map((store, index) => recordShortRun(store, `run-${index}`)));
  expect((await stores[0]?.list({}))?.matching).toBe(5);
  const { schema } = location;
  const applied = await postgres.server().query(`SELECT version FROM ${schema}.migrations ORDER BY version`);
  expect(applied).toEqual(POSTGRES_MIGRATIONS.map((_, index) => ({ version: index + 1 })));
});

test("a database of a newer version is read, and nothing is written to it", async () => {
  const location = postgres.newLocation();
  await recordShortRun(await open(location), "run-1");
  await postgres.server().query(`INSERT INTO ${location.schema}.migrations VALUES (99)`);
  const store = await open(location);
  expect(store.readOnlyBecause).toContain("was written by a newer Resilience Lab (format 99");
  expect(await seqsIn(store, "run-1")).toEqual([1, 2]);
  await expect(store.begin(newRun("run-2"))).rejects.toThrow("new ones cannot be recorded");
});

test("text that PostgreSQL cannot store does not keep a run from being stored, and its events are unchanged", async () => {
  const store = await open();
  const events = eventsOf([
    started,
    { type: "service.log", service: "a\u0000b", stream: "stdout", line: "\u0000 and \ud800 alone" },
    { ...passed, reason: "nul \u0000" } as typeof passed,
  ]);
  await store.begin(newRun("run-1", { scenarioSource: "id: \u0000" }));
  await appendAll(store, events);
  expect((await store.eventPage({ runId: "run-1", afterSeq: 0, limit: 9 })).events).toEqual(events);
});

test("while the database is down events wait; once it is up again all are written, none twice", async () => {
  const store = await open();
  await store.begin(newRun("run-1"));
  for (let seq = 1; seq <= 2_000; seq++) void store.append(eventAt(seq, started));
  await postgres.server().stop();
  for (let seq = 2_001; seq <= 4_000; seq++) void store.append(eventAt(seq, started));
  await expect(store.flush()).rejects.toMatchObject({ code: "unreachable" });
  expect(store.durability.failure?.reason).toContain("cannot be reached");
  const recovered = new Promise<void>((resolve) => {
    const stop = store.durability.onAttempt(() => {
      if (store.durability.failure !== undefined) return;
      stop();
      resolve();
    });
  });
  await postgres.server().start();
  await recovered;
  expect(await store.end(eventAt(4_001, passed) as EventOf<"run.ended">)).toBe(4_001);
  expect(await seqsIn(store, "run-1")).toEqual(numbersTo(4_001));
  expect(await store.find("run-1")).toMatchObject({ outcome: "passed" });
});

test("a connection that is lost between two statements of a transaction is an error of that transaction alone", async () => {
  const location = postgres.newLocation();
  await open(location);
  const pool = openPool(location, 1);
  const transaction = inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    // Not `once` of Node's, which would listen to its errors, too.
    const lost = new Promise((resolve) => client.once("end", resolve));
    await postgres.server().query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
    await lost;
    await client.query("SELECT 1");
  });
  await expect(transaction).rejects.toThrow();
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await pool.end();
});
