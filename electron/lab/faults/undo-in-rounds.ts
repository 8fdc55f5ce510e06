import type { Undone } from "./undo.ts";

/**
 * Undoes faults, and again those that could not be, for as long as others could: a service may need another that was
 * broken before it, and that is only put back after it. Resolves to what became of each, in the order given.
 *
 * @param undoAll undoes those it is given and tells of each, in their order
 */
export async function undoInRounds<Fault, Result extends Pick<Undone, "result">>(
  faults: readonly Fault[],
  undoAll: (faults: readonly Fault[]) => Promise<Result[]>,
): Promise<Result[]> {
  const results = await undoAll(faults);
  const left = faults.filter((_fault, at) => results[at]?.result === "not restored");
  if (left.length === 0 || left.length === faults.length) return results;
  const again = await undoInRounds(left, undoAll);
  return results.map((each) => (each.result === "not restored" ? (again.shift() ?? each) : each));
}
