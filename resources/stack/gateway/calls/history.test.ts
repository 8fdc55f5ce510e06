import { expect, it } from "vitest";
import { CallHistory } from "./history.ts";

it("keeps the latest calls, oldest first, up to its limit", () => {
  const history = new CallHistory(3);
  for (const callId of ["a", "b", "c", "d", "e"]) {
    history.add({ callId, tool: "t", decision: "allow", durationMs: 1, endedAt: "" });
  }
  expect(history.size).toBe(3);
  expect(history.latest(10).map(({ callId }) => callId)).toEqual(["c", "d", "e"]);
  expect(history.latest(2).map(({ callId }) => callId)).toEqual(["d", "e"]);
  expect(history.latest(0)).toEqual([]);
});
