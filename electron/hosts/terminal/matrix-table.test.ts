import { expect, test } from "vitest";
import type { RunReport } from "../../lab/reports/run-report.ts";
import { matrixTable } from "./matrix-table.ts";

test("outcomes are a table of scenarios by protections; what was not run is empty", () => {
  const report = (scenario: string, outcome: string, ...without: string[]) =>
    ({ scenario, outcome, without, durationMs: 1_000 }) as unknown as RunReport;
  const reports = [
    report("storm", "failed", "budget"),
    ...[report("storm", "passed"), report("storm", "failed")],
    report("plain", "passed"),
  ];
  expect(matrixTable(reports).split("\n").slice(0, 3)).toEqual([
    "         all on         without budget",
    "  storm  1 of 2 passed  failed",
    "  plain  passed",
  ]);
});
