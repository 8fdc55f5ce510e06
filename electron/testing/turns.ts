import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * CI answers within minutes: of what takes long, a commit runs one of these lists, which its hash chooses (`.ci/run`).
 * Files that are in none run with each commit. Paths are from the project's folder.
 */
export const TURNS: readonly (readonly string[])[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", ".ci", "turns.json"), "utf8"),
);

/**
 * The test files that are left to other turns; none unless a turn was chosen, 1 being the first.
 *
 * @throws if there is no such turn
 */
export function leftToOtherTurns(turn = process.env.TEST_TURN ?? ""): string[] {
  if (turn === "") return [];
  const chosen = TURNS[Number(turn) - 1];
  if (chosen === undefined)
    throw new Error(`TEST_TURN is 1 to ${TURNS.length}, or not set for all tests, not "${turn}"`);
  return TURNS.filter((files) => files !== chosen).flat();
}
