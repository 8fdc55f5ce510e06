import { expect, test } from "vitest";
import { REPLAY_SPEEDS, replayedMs } from "./use-replay.ts";

test("a replay moves by its speed, from where it is to the end of the run", () => {
  const at = (speed: (typeof REPLAY_SPEEDS)[number]) => replayedMs(1_000, 100, { speed, endMs: 1_400 });
  expect(REPLAY_SPEEDS.map(at)).toEqual([1_025, 1_050, 1_100, 1_200, undefined]);
});
