import { type RunReport, summaryLine } from "../../lab/reports/run-report.ts";
import { medianOf } from "../../model/difference.ts";
import { formatDuration } from "../../model/duration.ts";

/** Those that did not pass first, with what happened. */
export function summary(reports: readonly RunReport[]): string {
  const width = Math.max(0, ...reports.map(({ scenario }) => scenario.length));
  const sorted = [...reports].sort((a, b) => Number(a.outcome === "passed") - Number(b.outcome === "passed"));
  const lines = sorted.map(({ scenario, outcome, headline }) => {
    return `  ${scenario.padEnd(width)}  ${outcome.padEnd(7)}  ${headline}`;
  });
  return [...lines, ...repeated(reports), summaryLine(reports)].join("\n");
}

/** Runs of the same scenario as one line: how many passed, and how long they took. */
function repeated(reports: readonly RunReport[]): string[] {
  return [...Map.groupBy(reports, ({ scenario }) => scenario)].flatMap(([scenario, its]) => {
    if (its.length < 2) return [];
    const sorted = its.map(({ durationMs }) => durationMs).sort((one, other) => one - other);
    const passed = its.filter(({ outcome }) => outcome === "passed").length;
    const [least, middle, most] = [sorted[0] ?? 0, medianOf(sorted), sorted.at(-1) ?? 0].map(formatDuration);
    return [`  ${scenario}: ${passed} of ${its.length} passed; median ${middle}, from ${least} to ${most}`];
  });
}
