import type { Undone } from "./undo.ts";

/**
 * Undoes faults in rounds, retrying those that failed as long as a round restores at least one: a service may depend on
 * one that was broken earlier and is therefore restored later. Resolves to the result of each, in the order given.
 *
 * @param undoAll undoes the faults it is given and returns their results in the same order
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
