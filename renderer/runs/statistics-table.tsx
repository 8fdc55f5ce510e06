import type { Grouping, LatencySummary, StatisticsRow } from "../../electron/model/call-statistics.ts";
import { LEAST_SAMPLES } from "../../electron/model/call-statistics.ts";
import { PERIOD_TEXTS } from "../charts/latency-plot.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./plots-panel.module.css";

const PERCENTILES = ["p50", "p95", "p99"] as const;

/** The numbers behind the plot. */
export function StatisticsTable({ rows, grouping }: { rows: readonly StatisticsRow[]; grouping: Grouping }) {
  return (
    <table className={classes.table} aria-label={`Latency, errors and decisions by ${grouping}`}>
      <thead>
        <tr>
          <th scope="col">{grouping === "tool" ? "Tool" : "Link"}</th>
          <th scope="col">When</th>
          <th scope="col">Calls</th>
          <th scope="col">Errors</th>
          {PERCENTILES.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          {grouping === "tool" && <th scope="col">Decisions</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.name ?? ""} ${row.period ?? ""}`} data-whole={row.period === undefined || undefined}>
            <th scope="row">{row.name ?? `All ${grouping}s`}</th>
            <td>{row.period === undefined ? "whole run" : PERIOD_TEXTS[row.period]}</td>
            <td>{row.calls.toLocaleString()}</td>
            <td data-errors={row.errors > 0 || undefined}>{row.errors.toLocaleString()}</td>
            {PERCENTILES.map((name) => (
              <td key={name}>{percentile(row, name)}</td>
            ))}
            {grouping === "tool" && (
              <td>{row.decisions.map(([decision, times]) => `${decision} ${times}`).join(", ")}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function percentile({ percentiles, calls }: LatencySummary, name: (typeof PERCENTILES)[number]) {
  if (percentiles !== undefined) return formatDuration(percentiles[name]);
  return calls === 0 ? "" : <span className={classes.few}>{`under ${LEAST_SAMPLES} calls`}</span>;
}
