import { expect, test } from "vitest";
import type { EventOf, LabEventBody } from "../../electron/model/lab-event.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { faultsInForce } from "../../electron/model/run-view.ts";
import { eventAt } from "../../electron/testing/sample-events.ts";

/** The faults in force at a moment, for a stop intended at 331 ms and the given later events. */
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

test("a fault is in force while it is being applied", () => {
  expect(inForceAt(344)).toEqual(STOP);
  expect(inForceAt(344, applied)).toEqual(STOP);
});

test("a fault is in force neither before its intent nor after its undo", () => {
  expect(inForceAt(330, applied, undone("restored"))).toEqual([]);
  expect(inForceAt(799, applied, undone("restored"))).toEqual(STOP);
  expect(inForceAt(800, applied, undone("restored"))).toEqual([]);
});

test("a refused fault was never in force", () => {
  expect(inForceAt(500, undone("refused"))).toEqual([]);
});
