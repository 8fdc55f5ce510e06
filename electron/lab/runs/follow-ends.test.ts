import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { ExpiringLimit, inForce } from "../../testing/expiring-limit.ts";
import { fakeContext, fakeService } from "../../testing/fake-services.ts";
import { AUDIT_TABLE, CALLS_TABLE, startPostgres, type TestPostgres } from "../../testing/postgres.ts";
import type * as abortScope from "../abort-scope.ts";
import { systemClock } from "../clock.ts";
import { RunLog } from "../events/run-log.ts";
import { AuditReader } from "../traces/audit-reader.ts";
import { awaitsEnd, followEnds, noteMissingEnds } from "./follow-ends.ts";
import { settleEnds } from "./settle-ends.ts";

vi.mock("../abort-scope.ts", async (original) => {
  const { withLimitInForce } = await import("../../testing/expiring-limit.ts");
  return withLimitInForce(await original<typeof abortScope>());
});

describe("the ends of calls", () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.close());
  beforeEach(async () => {
    await postgres.query("DROP TABLE IF EXISTS audit_log, calls");
    await postgres.query(AUDIT_TABLE);
    await postgres.query(CALLS_TABLE);
  });

  async function follow() {
    const events: LabEvent[] = [];
    const log = new RunLog({ runId: "run-1", clock: systemClock, record: (event) => events.push(event) });
    const stack = { stack: { services: [{ role: "audit-log" }] }, endpoint: () => postgres.url };
    const rows: string[] = [];
    const decisions = await AuditReader.fromNow(
      postgres.url,
      ({ tool }) => rows.push(tool),
      () => {},
    ).catch(() => undefined);
    const ends = await followEnds(stack as never, log, ({ tool }) => tool !== "of another run");
    noteMissingEnds(log, ends, decisions);
    onTestFinished(async () => {
      await decisions?.close();
      if ("reader" in ends) await ends.reader.close();
    });
    const isExpected = (spanId = "b7ad6b7169203331") => awaitsEnd(ends, { spanId });
    const read = async () => "reader" in ends && (await ends.reader.read());
    const warnings = () => events.flatMap((event) => (event.type === "warning" ? event.message : []));
    return { events, warnings, read, decisions, rows, isExpected };
  }

  test("are logged once, in their order, exactly as they are stored", async () => {
    await postgres.insertCall({ tool: "before" });
    const { events, read } = await follow();
    const times = { startedMs: 1_700_000_000_000.25, endedMs: 1_700_000_000_800.5 };
    await postgres.insertCall({ tool: "one", ...times, backend: "payments", error: "no", trace_id: "ab" });
    await postgres.insertCall({ tool: "of another run" });
    await postgres.insertCall({ tool: "two", outcome: "busy" });
    expect(await read()).toBe(true);
    expect(await read()).toBe(true);
    const rest = { type: "call.ended", sessionId: "s", turnId: "t", attempts: 1, requestBytes: 10, replyBytes: 5e9 };
    expect(events).toMatchObject([
      {
        ...{ ...rest, tool: "one", outcome: "ok", backend: "payments", error: "no", traceId: "ab", spanId: "" },
        ...{ startedWallMs: 1_700_000_000_000.25, endedWallMs: 1_700_000_000_800.5 },
      },
      { ...rest, tool: "two", outcome: "busy", backend: "" },
    ]);
    expect(events[1]).not.toHaveProperty("error");
  });

  test("are expected while their table can be read, except for calls that were lost with a gateway", async () => {
    const { read, isExpected } = await follow();
    expect([isExpected(), isExpected("")]).toEqual([true, false]);
    await postgres.query("ALTER TABLE calls RENAME TO away");
    await read();
    expect(isExpected()).toBe(false);
    await postgres.query("ALTER TABLE away RENAME TO calls");
    await read();
    expect(isExpected()).toBe(true);
    await postgres.query("DROP TABLE calls");
    expect((await follow()).isExpected()).toBe(false);
  });

  test("with an unknown outcome are reported once, and later ones are read", async () => {
    const { events, warnings, read } = await follow();
    await postgres.insertCall({ outcome: "hedged" });
    await postgres.insertCall({ outcome: "hedged" });
    await postgres.insertCall({ tool: "good" });
    expect(await read()).toBe(true);
    expect(warnings()).toEqual([expect.stringMatching(/^call record 1 cannot be parsed: outcome: .*"hedged"/)]);
    expect(events.filter(({ type }) => type === "call.ended")).toMatchObject([{ tool: "good" }]);
  });

  test("are unknown without a table of calls, which is logged once; all decisions are read", async () => {
    await postgres.query("DROP TABLE calls");
    const { warnings, read, decisions, rows } = await follow();
    await postgres.insert({ tool: "one" });
    expect(await read()).toBe(false);
    expect(await decisions?.read()).toBe(true);
    expect([rows, decisions?.missing()]).toEqual([["one"], []]);
    expect(warnings()).toEqual(['it is not known when calls ended: relation "calls" does not exist']);
  });

  test("are unknown when the table disappears in mid-run, which is logged once; all decisions are read", async () => {
    const { warnings, read, decisions, rows } = await follow();
    await postgres.query("DROP TABLE calls");
    await postgres.insert({ tool: "one" });
    expect([await read(), await read()]).toEqual([false, false]);
    expect(await decisions?.read()).toBe(true);
    expect([rows, decisions?.missing()]).toEqual([["one"], []]);
    expect(warnings()).toEqual(['the table of calls cannot be read: relation "calls" does not exist']);
  });

  test("are not mentioned when decisions cannot be read either", async () => {
    await postgres.query("DROP TABLE calls, audit_log");
    expect((await follow()).warnings()).toEqual([]);
  });
});

describe("at the end of a run", () => {
  /** How often the gateway was asked for its pending rows, and how often the ends were read. */
  async function settle(calls: () => object | undefined, isReadable = true) {
    let asked = 0;
    const { address } = await fakeService(() => {
      asked++;
      const reported = calls();
      return reported === undefined ? undefined : { json: { audit: { pending: 0, dropped: 0 }, calls: reported } };
    });
    const { context } = fakeContext(address);
    const health = { name: "the-gateway", role: "gateway", probe: { http: "/health" } };
    (context.stack.stack.services as object[]).push(health);
    let read = 0;
    await settleEnds(context, { read: async () => ++read > 0 && isReadable });
    return { asked, read };
  }

  test("rows that the gateway is about to write are waited for", async () => {
    let left = 3;
    expect(await settle(() => ({ pending: left--, failing: false }))).toEqual({ asked: 4, read: 2 });
  });

  test("a gateway that reports none is not waited for", async () => {
    expect(await settle(() => ({}))).toEqual({ asked: 1, read: 2 });
  });

  test("a table that cannot be read is not waited for", async () => {
    expect(await settle(() => ({ pending: 7 }), false)).toEqual({ asked: 0, read: 1 });
  });

  test("a gateway that does not answer is waited for no longer than the limit", async () => {
    const expiring = new ExpiringLimit(2_500);
    inForce.limit = expiring;
    onTestFinished(() => {
      inForce.limit = undefined;
    });
    const settled = await settle(() => {
      expiring.expire();
      return undefined;
    });
    expect(settled).toEqual({ asked: 1, read: 2 });
  });
});
