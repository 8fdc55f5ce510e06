import type { Lab } from "../../lab.ts";
import type { LabSession } from "../../lab-session.ts";

/** What a person should know of how the lab was found when it started. */
export function noticesOf(lab: Lab, session: LabSession): string[] {
  const recovered = session.recovered.map(
    ({ what, isRestored }) => `${isRestored ? "Recovered" : "NOT recovered"}: ${what}`,
  );
  const readOnly = lab.history.readOnlyBecause === undefined ? [] : [lab.history.readOnlyBecause];
  const interrupted =
    session.interrupted === 0 ? [] : [`Marked as interrupted: ${session.interrupted} unfinished run(s)`];
  return [...lab.notices(), ...readOnly, ...recovered, ...interrupted];
}
