import { type CallSample, type Grouping, PERIODS, type Period, type RunSamples } from "./call-statistics.ts";
import { type Difference, differenceOf } from "./difference.ts";

/** A run in a set: its samples, and what is known of it as a whole. */
export interface SetRun {
  samples: RunSamples;
  /** Null for a run that has not ended. */
  durationMs: number | null;
}

/** The values of one row on one side; milliseconds. */
export interface Side {
  values: readonly number[];
  errors: number;
}

export interface ComparedRow {
  /** `run`: how long the runs lasted, a value a run. */
  of: Grouping | "run";
  /** The tool or the link; undefined for all tools. */
  name: string | undefined;
  /** Undefined for the whole run. */
  period: Period | undefined;
  left: Side;
  right: Side;
  difference: Difference | undefined;
}

/**
 * Two sets of runs, each with the calls of all its runs together: rows for the runs' durations, for all tools, for each tool
 * and for each link; where there were faults, also for each period. Rows without values on both sides are left out.
 */
export function compareSets(left: readonly SetRun[], right: readonly SetRun[]): ComparedRow[] {
  const [ofLeft, ofRight] = [left, right].map((runs) => runs.flatMap(({ samples }) => samples.calls)) as [
    CallSample[],
    CallSample[],
  ];
  const hasFaults = [...left, ...right].some(({ samples }) => samples.stretches.length > 0);
  const periods = hasFaults ? [undefined, ...PERIODS] : [undefined];
  const durations = [left, right].map((runs) => runs.flatMap(({ durationMs }) => durationMs ?? [])) as [
    number[],
    number[],
  ];
  const rows = [rowOf("run", undefined, undefined, sideOf(durations[0]), sideOf(durations[1]))];
  for (const grouping of ["tool", "link"] as const) {
    const its = (calls: readonly CallSample[]) => calls.filter((call) => call.grouping === grouping);
    const [one, other] = [its(ofLeft), its(ofRight)];
    const names = [...new Set([...one, ...other].map(({ name }) => name))].sort();
    for (const name of grouping === "tool" && names.length > 1 ? [undefined, ...names] : names) {
      for (const period of periods) {
        const isIn = (call: CallSample) =>
          (name === undefined || call.name === name) && (period === undefined || call.period === period);
        rows.push(rowOf(grouping, name, period, sideOfCalls(one.filter(isIn)), sideOfCalls(other.filter(isIn))));
      }
    }
  }
  return rows.filter((row) => row.left.values.length > 0 || row.right.values.length > 0);
}

function rowOf(of: ComparedRow["of"], name: string | undefined, period: Period | undefined, left: Side, right: Side) {
  return { of, name, period, left, right, difference: differenceOf(left.values, right.values) };
}

function sideOf(values: readonly number[]): Side {
  return { values, errors: 0 };
}

function sideOfCalls(calls: readonly CallSample[]): Side {
  return {
    values: calls.map(({ durationMs }) => durationMs),
    errors: calls.reduce((count, { isError }) => count + (isError ? 1 : 0), 0),
  };
}
