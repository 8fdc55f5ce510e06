import { expect, test } from "vitest";
import type { LoggedDecisions } from "../stacks/decisions-spec.ts";
import type { AuditRow } from "./audit-reader.ts";
import { DecisionLog } from "./logged-decisions.ts";

const SPEC: LoggedDecisions = {
  log: "gate",
  where: { event: "tool_call" },
  fields: { tool: "tool.name", decision: "outcome", at: "ts", arguments: "tool.input", session: "sid" },
  words: { success: "allow", blocked: "deny", started: "ignore" },
};

function logOf(spec: LoggedDecisions = SPEC, unread?: string) {
  const rows: AuditRow[] = [];
  const reports: string[] = [];
  const log = new DecisionLog(
    spec,
    async () => unread,
    (row) => rows.push(row),
    (problem) => reports.push(problem),
  );
  const print = (value: unknown, service = "gate") =>
    log.takeLine({
      service,
      stream: "stdout",
      line: typeof value === "string" ? value : JSON.stringify(value),
      atWallMs: 1_000,
    });
  return { log, rows, reports, print };
}

test("lines that are meant are decisions; all else that is printed is not", () => {
  const { log, rows, reports, print } = logOf();
  const line = { event: "tool_call", tool: { name: "pay", input: { n: 1 } }, ts: "2030-01-01T00:00:00Z", sid: 7 };
  print({ ...line, outcome: "success" });
  print({ ...line, outcome: "blocked", ts: undefined });
  print({ ...line, outcome: "started" });
  print({ ...line, event: "other", outcome: "whatever" });
  print({ ...line, outcome: "success" }, "another");
  for (const text of ["listening", "{ a: 1 }", "", "[1]"]) print(text);
  expect(rows).toMatchObject([
    { tool: "pay", decision: "allow", arguments: { n: 1 }, sessionId: "7", decidedWallMs: Date.UTC(2030, 0) },
    { tool: "pay", decision: "deny", decidedWallMs: 1_000 },
  ]);
  expect(new Set(rows.map(({ callId }) => callId)).size).toBe(2);
  expect([reports, log.missing()]).toEqual([[], []]);
});

test("values within a text are found by a pattern, and a line without the decision is none", () => {
  const { rows, print } = logOf({
    log: "gate",
    fields: {
      tool: { path: "message", pattern: "tools '([^']+)'" },
      decision: { path: "message", pattern: "^(Error executing) " },
      reason: { path: "message", pattern: "': (.+)" },
    },
    words: { "Error executing": "upstream_error" },
  });
  print({ message: "Error executing tools 'echo': fetch failed" });
  print({ message: "tools 'echo' started" });
  expect(rows).toMatchObject([{ tool: "echo", decision: "upstream_error", reason: "fetch failed" }]);
  expect(rows).toHaveLength(1);
});

test("what may be a decision and cannot be read is missing, told once a kind", async () => {
  const { log, reports, print } = logOf();
  print('{"event": "tool_call", "tool"');
  print(`{"event": "tool_call", "filler": "${"x".repeat(20_000)}"}`);
  print({ event: "tool_call", tool: { name: "pay" }, outcome: "maybe" });
  print({ event: "tool_call", outcome: "success" });
  expect(reports).toHaveLength(3);
  expect(log.missing()).toMatchObject([
    { why: expect.stringMatching(/^2 lines cannot be parsed, the first: .*it is no JSON/) },
    { tool: "pay", why: expect.stringContaining('unknown decision: "maybe"') },
    { decision: "success", why: expect.stringContaining("has no tool") },
  ]);
});

test("a log that cannot be read is missing for as long as that is so", async () => {
  const { log } = logOf(SPEC, "the engine is away");
  expect(await log.read()).toBe(false);
  expect(log.missing()).toEqual([{ why: "the log of gate cannot be read: the engine is away" }]);
  const { log: readable } = logOf();
  expect([await readable.read(), readable.missing()]).toEqual([true, []]);
});
