import { useEffect, useMemo, useState } from "react";
import type { SampledRun } from "../../electron/contract/history.ts";
import { type ComparedRow, compareSets, type Side } from "../../electron/model/compare-sets.ts";
import { type Difference, medianOf } from "../../electron/model/difference.ts";
import { DistributionPlot } from "../charts/distribution-plot.tsx";
import { PERIOD_TEXTS } from "../charts/latency-plot.tsx";
import { SeriesKey } from "../charts/series-key.tsx";
import { failureText } from "../lab-client/lab-failure.ts";
import { useStores } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { Loading } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./distributions.module.css";

interface DistributionsProps {
  left: readonly string[];
  /** Empty for the distributions of one set alone. */
  right: readonly string[];
  names: readonly [left: string, right: string];
}

/** Latency of the calls of two sets of runs, as distributions, with their difference and its interval. */
export function Distributions({ left, right, names }: DistributionsProps) {
  const { client } = useStores();
  const [sampled, setSampled] = useState<readonly SampledRun[]>();
  const [failure, setFailure] = useState<string>();
  const [chosen, setChosen] = useState<number>();
  const key = [...left, "", ...right].join();
  useEffect(() => {
    const until = new AbortController();
    const runIds = [...new Set(key.split(",").filter((id) => id !== ""))];
    client.call.history.samples({ runIds }, { signal: until.signal }).then(setSampled, (error: Error) => {
      if (!until.signal.aborted) setFailure(failureText(error));
    });
    return () => until.abort();
  }, [client, key]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ids are in the key
  const rows = useMemo(() => {
    const of = (ids: readonly string[]) =>
      (sampled ?? [])
        .filter(({ run }) => ids.includes(run.id))
        .map(({ run, samples }) => ({ samples, durationMs: run.durationMs }));
    return compareSets(of(left), of(right));
  }, [sampled, key]);
  if (failure !== undefined) return <Failure title="The calls of these runs could not be read" text={failure} />;
  if (sampled === undefined) return <Loading what="Reading the calls of the runs" />;
  // First the calls: what the runs lasted are few values.
  const shown = (chosen === undefined ? rows.find(({ of }) => of !== "run") : rows[chosen]) ?? rows[0];
  const sides = right.length === 0 ? (["left"] as const) : (["left", "right"] as const);
  return (
    <section className={classes.distributions} aria-label="Distributions">
      <h2>Latency as distributions</h2>
      {shown !== undefined && (
        <div className={classes.plot}>
          <DistributionPlot
            distributions={sides.map((side, at) => ({ name: names[at] ?? "", values: shown[side].values }))}
            label={`Share of calls by duration, ${titleOf(shown)}: ${sides
              .map((side, at) => `${names[at]}, ${describe(shown[side])}`)
              .join("; ")}`}
          />
          <div className={classes.keys}>
            <b>{titleOf(shown)}</b>
            {sides.map((side, at) => (
              <SeriesKey key={side} series={at} name={names[at] ?? ""} />
            ))}
          </div>
        </div>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col">When</th>
            {sides.map((side, at) => (
              <th key={side} scope="col">
                {names[at]}
              </th>
            ))}
            {sides.length > 1 && <th scope="col">Difference, 95 % interval</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={`${row.of} ${row.name ?? ""} ${row.period ?? ""}`} data-chosen={row === shown || undefined}>
              <th scope="row">
                <button type="button" aria-pressed={row === shown} onClick={() => setChosen(at)}>
                  {nameOf(row)}
                </button>
              </th>
              <td>{row.period === undefined ? "whole run" : PERIOD_TEXTS[row.period]}</td>
              {sides.map((side) => (
                <td key={side}>{describe(row[side])}</td>
              ))}
              {sides.length > 1 && (
                <td data-differs={excludesZero(row.difference) || undefined}>{differenceText(row.difference)}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        The calls of all runs of a side together. The difference is the Hodges–Lehmann estimate, the median of all
        differences of two calls, right less left; its interval is that of the rank sum test. Highlighted: it does not
        include 0.
      </p>
    </section>
  );
}

function nameOf({ of, name }: ComparedRow): string {
  return of === "run" ? "Duration of the runs" : (name ?? "All tools");
}

function titleOf(row: ComparedRow): string {
  return `${nameOf(row)}, ${row.period === undefined ? "whole run" : PERIOD_TEXTS[row.period]}`;
}

function describe({ values, errors }: Side): string {
  if (values.length === 0) return "none";
  const median = medianOf(values.toSorted((one, other) => one - other));
  const failed = errors === 0 ? "" : `, ${errors.toLocaleString()} failed`;
  return `median ${formatDuration(median)} of ${values.length.toLocaleString()}${failed}`;
}

function differenceText(difference: Difference | undefined): string {
  if (difference === undefined) return "only one side has some";
  const { shift, interval } = difference;
  const range = interval === undefined ? "too few for an interval" : interval.map(signed).join(" to ");
  return `${signed(shift)} (${range})`;
}

function signed(ms: number): string {
  return ms < 0 ? `−${formatDuration(-ms)}` : `${ms > 0 ? "+" : ""}${formatDuration(ms)}`;
}

function excludesZero(difference: Difference | undefined): boolean {
  const interval = difference?.interval;
  return interval !== undefined && (interval[0] > 0 || interval[1] < 0);
}
