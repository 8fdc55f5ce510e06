import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { AUDIT_TABLE, startPostgres, type TestPostgres } from "../../testing/postgres.ts";
import type { QueriedDecisions } from "../stacks/decisions-spec.ts";
import { AuditReader } from "./audit-reader.ts";
import { followQuery } from "./queried-decisions.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  await postgres.query("DROP TABLE IF EXISTS audit_log CASCADE");
  await postgres.query(AUDIT_TABLE);
  // As another gateway might keep them.
  await postgres.query(`CREATE VIEW "Verdicts" AS SELECT id AS "Number", tool_name AS "Tool", upper(decision) AS outcome,
    arguments AS given, decided_at, session_id AS session, duration_ms::numeric AS took FROM audit_log`);
});

const SPEC: QueriedDecisions = {
  postgres: "store",
  url: "postgres://{address}/audit",
  query: 'SELECT * FROM "Verdicts" -- all of them\n;',
  order: "Number",
  fields: {
    tool: "Tool",
    decision: "outcome",
    at: "decided_at",
    arguments: "given",
    session: "session",
    durationMs: "took",
  },
  words: { ALLOW: "allow", DENY: "deny", STARTED: "ignore" },
};

async function follow(change: Partial<QueriedDecisions> = {}) {
  const rows: string[] = [];
  const reports: string[] = [];
  const reader = await followQuery(
    { ...SPEC, ...change },
    postgres.url,
    ({ tool, decision }) => rows.push(`${tool} ${decision}`),
    (problem) => reports.push(problem),
  );
  onTestFinished(() => reader.close());
  return { reader, rows, reports };
}

test("the reference audit table as another gateway's gives the same decisions, once and in order", async () => {
  const own: object[] = [];
  const mapped: object[] = [];
  const audit = await AuditReader.fromNow(
    postgres.url,
    (row) => own.push(row),
    () => {},
  );
  onTestFinished(() => audit.close());
  const reader = await followQuery(
    SPEC,
    postgres.url,
    (row) => mapped.push(row),
    () => {},
  );
  onTestFinished(() => reader.close());
  await postgres.query(`INSERT INTO audit_log (session_id, turn_id, tool_name, arguments, decision, decided_at, duration_ms)
    VALUES ('s1', 't', 'list', '{"n": 1}', 'allow', now(), 1.5), ('s2', 't', 'refund', NULL, 'deny', now(), NULL)`);
  expect([await audit.read(), await reader.read(), await reader.read()]).toEqual([true, true, true]);
  const fields = ({ turnId: _, callId: __, ...rest }: Record<string, unknown>) => rest;
  expect(mapped.map((row) => fields(row as never))).toEqual(
    own.map((row) => ({ ...fields(row as never), ...("arguments" in row && { arguments: row.arguments }) })),
  );
  expect(mapped).toHaveLength(2);
  expect(reader.missing()).toEqual([]);
});

test("a word that is no decision is left out, and one that nobody knows may be any", async () => {
  const { reader, rows, reports } = await follow();
  for (const decision of ["started", "allow", "throttled"]) await postgres.insert({ tool: "pay", decision });
  expect(await reader.read()).toBe(true);
  expect(rows).toEqual(["pay allow"]);
  expect(reports).toEqual(['row 3 cannot be parsed: decision: unknown decision: "THROTTLED"; name it in words']);
  expect(reader.missing()).toMatchObject([{ tool: "pay", why: reports[0] }]);
});

test("a row that is committed after a later one is read nevertheless", async () => {
  const { reader, rows } = await follow();
  const slow = new pg.Client({ connectionString: postgres.url });
  await slow.connect();
  onTestFinished(() => slow.end());
  await slow.query("BEGIN");
  await slow.query(`INSERT INTO audit_log (session_id, turn_id, tool_name, decision, decided_at)
    VALUES ('s', 't', 'slow', 'allow', now())`);
  await postgres.insert({ tool: "fast" });
  await reader.read();
  expect(rows).toEqual(["fast allow"]);
  await slow.query("COMMIT");
  await reader.read();
  await reader.read();
  expect(rows).toEqual(["fast allow", "slow allow"]);
  expect(reader.missing()).toEqual([]);
});

test("rows that were removed after they were read make the rest uncertain", async () => {
  const { reader, reports } = await follow();
  await postgres.insert();
  await postgres.insert();
  await reader.read();
  await postgres.query("DELETE FROM audit_log WHERE id = 1");
  await reader.read();
  expect(reader.missing()).toEqual([{ why: "the query on store has lost rows: of 2 that were read it still has 1" }]);
  expect(reports).toHaveLength(1);
});

test("an outage of the database loses nothing", async () => {
  const { reader, rows } = await follow();
  await postgres.stop();
  expect(await reader.read()).toBe(false);
  expect(reader.missing()).toMatchObject([{ why: expect.stringContaining("the query on store cannot be read: ") }]);
  await postgres.start();
  await postgres.insert();
  expect(await reader.read()).toBe(true);
  expect([rows, reader.missing()]).toEqual([["a_tool allow"], []]);
});

describe("is refused, with the reason:", () => {
  test.each([
    ["a column that is not there", { order: "nr" }, "column source.nr does not exist"],
    ["an order that is no integer", { order: "Tool" }, "invalid input syntax for type bigint"],
    ["a query that changes something", { query: "SELECT * FROM changes()" }, "read-only transaction"],
  ])("%s", async (_, change, reason) => {
    await postgres.query(`CREATE OR REPLACE FUNCTION changes() RETURNS SETOF "Verdicts" LANGUAGE plpgsql AS $$
      BEGIN DELETE FROM audit_log; RETURN QUERY SELECT * FROM "Verdicts"; END $$`);
    await postgres.insert();
    await expect(follow(change)).rejects.toThrow(reason);
    expect(await postgres.query("SELECT 1 FROM audit_log")).toHaveLength(1);
  });
});
