import { endedAsExpected } from "../../contract/runs.ts";
import { type RunReport, summaryLine } from "../../lab/reports/run-report.ts";
import type { PlaylistRun } from "../../lab/scenarios/playlist.ts";

const ALL_ON = "all on";

/** Whether there are reports of the runs, which may have been repeated, and each has ended as it was to. */
export function endedAsAsked(runs: readonly PlaylistRun[], reports: readonly RunReport[]): boolean {
  const isAsAsked = ({ outcome }: RunReport, index: number) =>
    endedAsExpected(outcome, runs[index % runs.length]?.showsFailure ?? false);
  return reports.length > 0 && reports.every(isAsAsked);
}

/** Scenarios down, protections across; an empty cell was not run. */
export function matrixTable(reports: readonly RunReport[]): string {
  const columns = [...new Set(reports.map(columnOf))].sort((a, b) => Number(b === ALL_ON) - Number(a === ALL_ON));
  const rows = [...Map.groupBy(reports, ({ scenario }) => scenario)].map(([scenario, its]) => [
    scenario,
    ...columns.map((column) => cellOf(its.filter((report) => columnOf(report) === column))),
  ]);
  const table = [["", ...columns], ...rows];
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0))) ?? [];
  const lines = table.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd());
  return [...lines, summaryLine(reports)].join("\n");
}

function columnOf({ without }: RunReport): string {
  return without.length === 0 ? ALL_ON : `without ${without.join(", ")}`;
}

/** Of repeated runs, how many passed. */
function cellOf(reports: readonly RunReport[]): string {
  const [first] = reports;
  if (first === undefined) return "";
  const passed = reports.filter(({ outcome }) => outcome === "passed").length;
  return reports.length === 1 ? first.outcome : `${passed} of ${reports.length} passed`;
}
