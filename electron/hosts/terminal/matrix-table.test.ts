import { expect, test } from "vitest";
import type { RunReport } from "../../lab/reports/run-report.ts";
import type { PlaylistRun } from "../../lab/scenarios/playlist.ts";
import { endedAsAsked, matrixTable } from "./matrix-table.ts";

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

test("a run without its protection is to fail: one that passes shows that nothing is protected", () => {
  const runs = [false, true].map((showsFailure) => ({ showsFailure }) as unknown as PlaylistRun);
  const ended = (...outcomes: string[]) =>
    endedAsAsked(
      runs,
      outcomes.map((outcome) => ({ outcome }) as unknown as RunReport),
    );
  expect(ended("passed", "failed")).toBe(true);
  expect(ended("passed", "failed", "passed", "failed")).toBe(true);
  expect(ended("passed", "passed")).toBe(false);
  expect(ended("passed", "inconclusive")).toBe(false);
  expect(ended("failed", "failed")).toBe(false);
  expect(ended()).toBe(false);
});
