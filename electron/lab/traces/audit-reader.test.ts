import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { AUDIT_TABLE, startPostgres, type TestPostgres } from "../../testing/postgres.ts";
import { AuditReader } from "./audit-reader.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  await postgres.query("DROP TABLE IF EXISTS audit_log");
  await postgres.query(AUDIT_TABLE);
});

async function follow() {
  const rows: string[] = [];
  const reports: string[] = [];
  const reader = await AuditReader.fromNow(
    postgres.url,
    ({ tool, decision }) => rows.push(`${tool} ${decision}`),
    (problem) => reports.push(problem),
  );
  onTestFinished(() => reader.close());
  return { reader, rows, reports };
}

const connections = async () => {
  const text =
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = 'audit' AND pid <> pg_backend_pid()";
  return (await postgres.query<{ count: number }>(text))[0]?.count;
};

describe("a log that cannot be followed is an error with the reason, and leaves no connection open:", () => {
  test("a missing table", async () => {
    await postgres.query("DROP TABLE audit_log");
    await expect(follow()).rejects.toThrow('relation "audit_log" does not exist');
    await expect.poll(connections).toBe(0);
  });

  test("a missing column", async () => {
    await postgres.query("ALTER TABLE audit_log DROP COLUMN decision");
    await expect(follow()).rejects.toThrow('column "decision" does not exist');
    await expect.poll(connections).toBe(0);
  });

  test("no server", async () => {
    await expect(
      AuditReader.fromNow(
        "postgres://lab@127.0.0.1:9/audit",
        () => {},
        () => {},
      ),
    ).rejects.toThrow();
  });
});

test("passes on rows from now on, once and in order, without missing ones", async () => {
  await postgres.insert({ tool: "before" });
  const { reader, rows, reports } = await follow();
  await postgres.insert({ tool: "one" });
  await postgres.insert({ tool: "two", decision: "deny" });
  expect(await reader.read()).toBe(true);
  expect(await reader.read()).toBe(true);
  expect([rows, reports, reader.missing()]).toEqual([["one allow", "two deny"], [], []]);
});

test("a row that cannot be parsed is reported once, and later ones are read", async () => {
  const { reader, rows, reports } = await follow();
  await postgres.query("ALTER TABLE audit_log ALTER COLUMN decision DROP NOT NULL");
  await postgres.insert({ tool: "odd", decision: "rate_limited" });
  await postgres.insert({ tool: "odd", decision: "rate_limited" });
  await postgres.query(
    "INSERT INTO audit_log (session_id, turn_id, tool_name, decided_at) VALUES ('s', 't', 'nil', now())",
  );
  await postgres.insert({ tool: "good" });
  expect(await reader.read()).toBe(true);
  expect(await reader.read()).toBe(true);
  expect(rows).toEqual(["good allow"]);
  expect(reports).toEqual([
    expect.stringMatching(/^audit row 1 cannot be parsed: decision: .*"rate_limited"/),
    expect.stringMatching(/^audit row 3 cannot be parsed: decision: .*null/),
  ]);
  expect(reader.missing()).toMatchObject([
    { tool: "odd", decision: "rate_limited", why: expect.stringMatching(/^2 audit rows .* the first: audit row 1/) },
    { tool: "nil", decision: undefined, why: expect.stringMatching(/^audit row 3/) },
  ]);
});

test("an outage of the database is reported, and afterwards all rows arrive and none is missing", async () => {
  const { reader, rows } = await follow();
  await postgres.insert({ tool: "one" });
  await postgres.stop();
  expect(await reader.read()).toBe(false);
  expect(reader.missing()).toMatchObject([{ why: expect.stringContaining("the audit log cannot be read: ") }]);
  await postgres.start();
  await postgres.insert({ tool: "two" });
  expect(await reader.read()).toBe(true);
  expect([rows, reader.missing()]).toEqual([["one allow", "two allow"], []]);
});

test("a log whose columns change in mid-run is reported once, and as missing until it is restored", async () => {
  const { reader, rows, reports } = await follow();
  await postgres.query("ALTER TABLE audit_log RENAME TO gone");
  expect(await reader.read()).toBe(false);
  expect(await reader.read()).toBe(false);
  expect(reports).toEqual([expect.stringContaining('relation "audit_log" does not exist')]);
  expect(reader.missing()).toHaveLength(1);
  await postgres.query("ALTER TABLE gone RENAME TO audit_log");
  await postgres.insert({ tool: "one" });
  expect(await reader.read()).toBe(true);
  expect([rows, reader.missing()]).toEqual([["one allow"], []]);
});

test("a log that was emptied in mid-run may have lost decisions, and its current rows are read", async () => {
  const { reader, rows } = await follow();
  await postgres.insert({ tool: "one" });
  await postgres.insert({ tool: "two" });
  await reader.read();
  await postgres.query("TRUNCATE audit_log RESTART IDENTITY");
  await postgres.insert({ tool: "new" });
  await postgres.stop();
  await postgres.start();
  expect(await reader.read()).toBe(true);
  expect(rows).toEqual(["one allow", "two allow", "new allow"]);
  expect(reader.missing()).toMatchObject([{ why: expect.stringContaining("emptied or replaced") }]);
});

test("a slow first answer of the database is waited for, since a run has no decisions without it", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
    silent.close();
  });
  const asked = once(silent, "connection");
  let problem: unknown;
  const following = AuditReader.fromNow(
    `postgres://lab@127.0.0.1:${port}/audit`,
    () => {},
    () => {},
  ).catch((error) => {
    problem = error;
  });
  await asked;
  await vi.advanceTimersByTimeAsync(9_900);
  expect(problem).toBeUndefined();
  await vi.advanceTimersByTimeAsync(2_000);
  await following;
  expect(String(problem)).toContain("timeout expired");
});

test("closing does not wait for a database that is frozen", async () => {
  const { reader } = await follow();
  const [server] = await postgres.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = 'audit' AND pid <> pg_backend_pid()",
  );
  process.kill(server?.pid ?? 0, "SIGSTOP");
  onTestFinished(() => process.kill(server?.pid ?? 0, "SIGKILL") && undefined);
  await reader.close();
});
