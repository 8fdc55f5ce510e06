import { type RunSamples, samplesOf } from "../../model/call-statistics.ts";
import type { RunView } from "../../model/run-view.ts";

const COLUMNS = ["record", "name", "at_ms", "duration_ms", "period", "status", "error", "event"] as const;

/**
 * A run's calls and decisions, a line each, as the plots count them: `tool` (a call of a tool), `link` (an exchange on a
 * link), `decision`. Times are milliseconds on the run's clock; `period` is relative to the faults. RFC 4180.
 */
export function samplesCsv(view: RunView): string {
  const { calls, decisions }: RunSamples = samplesOf(view);
  const rows: (string | number | boolean)[][] = [
    ...calls.map((call) => [
      ...[call.grouping, call.name, call.startMs, call.durationMs, call.period, call.status, call.isError, call.seq],
    ]),
    ...decisions.map(({ tool, decision, atMs, period, seq }) => [
      ...["decision", tool, atMs, "", period, decision, "", seq],
    ]),
  ];
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A spreadsheet would take a text that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: string | number | boolean): string {
  if (typeof value !== "string")
    return typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
