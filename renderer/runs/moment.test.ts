import { expect, test } from "vitest";
import type { FaultView } from "../../electron/model/fold.ts";
import { faultsInForceAt } from "./moment.ts";

const STOP: FaultView = {
  fault: "f1",
  kind: "stop",
  target: "payments-mcp",
  undo: "start it",
  intendedMs: 331,
  hits: 0,
};

test("a service that is down while its fault is still being applied is explained by that fault", () => {
  expect(faultsInForceAt([STOP], 344)).toEqual([STOP]);
  expect(faultsInForceAt([{ ...STOP, appliedMs: 350 }], 344)).toHaveLength(1);
});

test("neither before its intent nor once it is undone", () => {
  const undone = { ...STOP, appliedMs: 350, undoneMs: 800 };
  expect(faultsInForceAt([undone], 330)).toEqual([]);
  expect(faultsInForceAt([undone], 799)).toEqual([undone]);
  expect(faultsInForceAt([undone], 800)).toEqual([]);
});

test("a fault that was refused was in force at no moment", () => {
  expect(faultsInForceAt([{ ...STOP, undoneMs: 800, result: "refused" }], 500)).toEqual([]);
});
