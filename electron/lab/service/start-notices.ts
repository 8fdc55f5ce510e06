import type { Lab, Workbench } from "../lab.ts";

/** What a person should know of how the lab was found when it started. */
export function noticesOf(lab: Lab, bench: Workbench): string[] {
  const recovered = bench.recovered.map(
    ({ what, isRestored }) => `${isRestored ? "Recovered" : "NOT recovered"}: ${what}`,
  );
  const readOnly = lab.history.readOnlyBecause === undefined ? [] : [lab.history.readOnlyBecause];
  const interrupted = bench.interrupted === 0 ? [] : [`Marked as interrupted: ${bench.interrupted} unfinished run(s)`];
  return [...lab.notices(), ...readOnly, ...recovered, ...interrupted];
}
