import { type RunReport, summaryLine } from "../../lab/reports/run-report.ts";

const ALL_ON = "all on";

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
