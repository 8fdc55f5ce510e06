/** One measurement. A ratio compares with a baseline of the same run; a missed goal fails the bench. */
export interface Row {
  name: string;
  value: number;
  unit: string;
  /** `>= 0.6`, `<= 1.5`; empty without a goal. */
  goal: string;
  ok: boolean;
}

export function row(name: string, value: number, unit: string, goal = ""): Row {
  const [sign, limit] = goal.split(" ");
  const ok = goal === "" || (sign === ">=" ? value >= Number(limit) : value <= Number(limit));
  return { name, value, unit, goal, ok };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows
    .map(({ name, value, unit, goal, ok }) => {
      const number = value >= 100 ? value.toFixed(0) : value.toFixed(2);
      return `${name.padEnd(width)}  ${number.padStart(8)} ${unit.padEnd(5)}  ${goal.padEnd(8)} ${goal ? (ok ? "met" : "MISSED") : ""}`;
    })
    .join("\n");
}
