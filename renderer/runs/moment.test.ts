import { expect, test } from "vitest";
import type { EventOf, LabEventBody } from "../../electron/model/lab-event.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { faultsInForce } from "../../electron/model/run-view.ts";
import { eventAt } from "../../electron/testing/sample-events.ts";

/** Of a service that is told to stop at 331 ms, with what comes after: which faults are in force at a moment. */
function inForceAt(ms: number, ...more: [atMs: number, body: LabEventBody][]): string[] {
  const target = { kind: "stop", target: "payments-mcp", undo: "start it", expiresWallMs: 0 };
  const all: [number, LabEventBody][] = [[331, { type: "fault.intended", fault: "f1", ...target }], ...more];
  const events = all.map(([atMs, body], index) => ({ ...eventAt(index + 1, body), atMs }));
  return faultsInForce(RunModel.of(events).faults, ms).map(({ name }) => name);
}

const applied: [number, LabEventBody] = [350, { type: "fault.applied", fault: "f1", detail: "" }];
const undone = (result: EventOf<"fault.undone">["result"]): [number, LabEventBody] => [
  800,
  { type: "fault.undone", fault: "f1", result, detail: "" },
];
const STOP = ["stop payments-mcp"];

test("a service that is down while its fault is still being applied is explained by that fault", () => {
  expect(inForceAt(344)).toEqual(STOP);
  expect(inForceAt(344, applied)).toEqual(STOP);
});

test("neither before its intent nor once it is undone", () => {
  expect(inForceAt(330, applied, undone("restored"))).toEqual([]);
  expect(inForceAt(799, applied, undone("restored"))).toEqual(STOP);
  expect(inForceAt(800, applied, undone("restored"))).toEqual([]);
});

test("a fault that was refused was in force at no moment", () => {
  expect(inForceAt(500, undone("refused"))).toEqual([]);
});
