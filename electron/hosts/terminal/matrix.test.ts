import { expect, test } from "vitest";
import type { RunReport } from "../../lab/reports/run-report.ts";
import { loadText } from "../../lab/scenarios/load.ts";
import { matrixOf, matrixTable } from "./matrix.ts";

function loaded(id: string, protection?: string) {
  const scenario = {
    ...{ id, title: id, patterns: [], ...(protection === undefined ? {} : { protection }) },
    ...{ steadyState: [{ service: "a", is: "up" }], method: [{ wait: "1s" }], expect: [{ within: "5s" }] },
  };
  return loadText(JSON.stringify(scenario), `${id}.yaml`)[0] as ReturnType<typeof loadText>[number];
}

test("each scenario is run with every protection, and without its own or those named", () => {
  const runs = (...named: string[]) =>
    matrixOf([loaded("storm", "budget"), loaded("plain")], named).map(
      ({ loaded: { scenario }, without, showsFailure }) => [scenario.id, without.join(), showsFailure],
    );
  expect(runs()).toEqual([
    ["storm", "", false],
    ["storm", "budget", true],
    ["plain", "", false],
  ]);
  expect(runs("budget", "redaction")).toEqual([
    ["storm", "", false],
    ["storm", "budget", true],
    ["storm", "redaction", false],
    ["plain", "", false],
    ["plain", "budget", false],
    ["plain", "redaction", false],
  ]);
});

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
