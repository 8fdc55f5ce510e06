import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { leftToOtherTurns, TURNS } from "./turns.ts";

const PROJECT = join(import.meta.dirname, "..", "..");

describe("what CI runs in turns", () => {
  test("each file is there, and in one turn", () => {
    const files = TURNS.flat();
    expect(files.filter((file) => !existsSync(join(PROJECT, file)))).toEqual([]);
    expect(files).toEqual([...new Set(files)]);
  });

  test("a turn leaves out what the others have, and together they leave out nothing", () => {
    const run = TURNS.map((_, at) => TURNS.flat().filter((file) => !leftToOtherTurns(String(at + 1)).includes(file)));
    expect(run).toEqual(TURNS);
  });

  test("without a turn nothing is left out, and one that is not there is an error", () => {
    expect(leftToOtherTurns("")).toEqual([]);
    for (const turn of ["0", "1.5", String(TURNS.length + 1), "all"]) {
      expect(() => leftToOtherTurns(turn)).toThrow(`TEST_TURN is 1 to ${TURNS.length}`);
    }
  });
});
