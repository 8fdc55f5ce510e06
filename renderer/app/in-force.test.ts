import { expect, test } from "vitest";
import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";
import { leftBroken, whyNoUndo } from "./in-force.ts";

const fault = (target: string, isManual: boolean, runId = "run") =>
  ({ kind: "stop", target, isManual, runId }) as FaultInForce;

function labWith(faults: FaultInForce[], running: string[] = [], damage: LabState["stack"]["damage"] = []): LabState {
  const active = running.map((runId) => ({ runId, state: "running" }));
  return {
    queue: { active },
    stack: { services: [{ faults }], links: [{ faults: [] }], damage },
  } as unknown as LabState;
}

test("a fault in force is left broken when its run is over and no person holds it", () => {
  const left = fault("payments-mcp", false);
  expect(leftBroken(labWith([left, fault("mock-slack", true)]))).toEqual([left]);
});

test("what a run that is on has broken is its own business", () => {
  expect(leftBroken(labWith([fault("payments-mcp", false)], ["run"]))).toEqual([]);
});

test("nothing is known before the lab has told anything", () => {
  expect(leftBroken(undefined)).toEqual([]);
});

test("there is nothing to undo where nothing is in force", () => {
  expect(whyNoUndo(labWith([]))).toMatch(/nothing to undo/);
});

test("what someone else has broken can be undone, though no fault is in force", () => {
  const damage = [{ target: "mock-slack", what: "mock-slack is paused" }];
  expect(whyNoUndo(labWith([], [], damage))).toBeUndefined();
});

test("what the run that is on has broken is left to it, and a person is told how to have it undone now", () => {
  const ofRun = fault("payments-mcp", false);
  expect(whyNoUndo(labWith([ofRun], ["run"]))).toMatch(/cancel the run, or halt/);
  expect(whyNoUndo(labWith([ofRun]))).toBeUndefined();
  expect(whyNoUndo(labWith([ofRun, fault("mock-slack", true, "by-hand")], ["run"]))).toBeUndefined();
});
