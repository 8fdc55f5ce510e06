import { expect, test } from "vitest";
import { LEAST_SAMPLES, samplesOf, statisticsOf } from "../../model/call-statistics.ts";
import type { LabEventBody } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { callEnded, decided, eventsOf, passed, started } from "../../testing/sample-events.ts";
import { samplesCsv } from "./samples-csv.ts";

/** A reader of RFC 4180 of its own. */
function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [];
  for (const line of text.matchAll(/((?:(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,|(?=\r\n)))+)\r\n/g)) {
    const cells = [...(line[1] ?? "").matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)];
    rows.push(cells.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ""));
  }
  const [columns = [], ...rest] = rows;
  return rest.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ""])));
}

const FAULT: LabEventBody[] = [
  { type: "fault.intended", fault: "f", kind: "stop", target: "slack", undo: "start", expiresWallMs: 0 },
  { type: "fault.applied", fault: "f", detail: "" },
];
const UNDONE: LabEventBody = { type: "fault.undone", fault: "f", result: "restored", detail: "" };

function callOf(at: number, tool: string, lastedMs: number, outcome: "ok" | "upstream_error"): LabEventBody[] {
  const startedWallMs = 1_700_000_000_000 + at * 20;
  const call = { callId: `c${at}`, tool, turnId: `t${at}` };
  return [
    decided({ ...call, rowId: `${at}`, decidedWallMs: startedWallMs, decision: at % 3 === 0 ? "redact" : "allow" }),
    callEnded({ ...call, startedWallMs, endedWallMs: startedWallMs + lastedMs, outcome }),
  ];
}

function run() {
  const calls = Array.from({ length: 90 }, (_, at) =>
    callOf(at, at % 2 === 0 ? "list" : "pay", (at * 37) % 101, at % 7 === 0 ? "upstream_error" : "ok"),
  );
  return RunModel.of(
    eventsOf([
      started,
      ...calls.slice(0, 30).flat(),
      ...FAULT,
      ...calls.slice(30, 60).flat(),
      UNDONE,
      ...calls.slice(60).flat(),
      passed,
    ]),
  );
}

test("the table of a run's plots is what anyone computes from its exported CSV", () => {
  const view = run();
  const lines = readCsv(samplesCsv(view));
  const rows = statisticsOf(samplesOf(view), "tool");
  expect(rows).toHaveLength(3 * 4);
  for (const { name, period, calls, errors, percentiles, decisions } of rows) {
    const its = lines.filter((line) => (name ?? line.name) === line.name && (period ?? line.period) === line.period);
    const ofCalls = its.filter(({ record }) => record === "tool");
    const durations = ofCalls.map(({ duration_ms }) => Number(duration_ms)).sort((a, b) => a - b);
    // The nearest rank, by counting: the least value that so many of a hundred do not exceed.
    const at = (percent: number) =>
      durations.find((value) => durations.filter((each) => each <= value).length * 100 >= percent * durations.length);
    expect(calls).toBe(ofCalls.length);
    expect(errors).toBe(ofCalls.filter(({ error }) => error === "true").length);
    expect(percentiles).toEqual(
      durations.length < LEAST_SAMPLES ? undefined : { p50: at(50), p95: at(95), p99: at(99) },
    );
    const counted = its.filter(({ record }) => record === "decision").map(({ status }) => status);
    for (const [decision, times] of decisions) {
      expect(counted.filter((each) => each === decision)).toHaveLength(times);
    }
    expect(decisions.reduce((sum, [, times]) => sum + times, 0)).toBe(counted.length);
  }
  expect(rows.some(({ percentiles }) => percentiles === undefined)).toBe(true);
  expect(rows.filter(({ percentiles }) => percentiles !== undefined).length).toBeGreaterThan(4);
});

test("a name with quotes, commas and lines stays one cell, and one that looks like a formula is text", () => {
  const name = '=cmd|"x", y\r\nz';
  const lines = readCsv(samplesCsv(RunModel.of(eventsOf([started, ...callOf(1, name, 5, "ok"), passed]))));
  expect(lines.map((line) => [line.record, line.name])).toEqual([
    ["tool", `'${name}`],
    ["decision", `'${name}`],
  ]);
});
