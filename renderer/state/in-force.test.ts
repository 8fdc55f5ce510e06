import { expect, test } from "vitest";
import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";
import { leftBroken, needsNewStack, whyNoUndo } from "./in-force.ts";

const fault = (target: string, isManual: boolean, runId = "run") =>
  ({ kind: "stop", target, isManual, runId }) as FaultInForce;

function labWith(faults: FaultInForce[], running: string[] = [], damage: LabState["stack"]["damage"] = []): LabState {
  const active = running.map((runId) => ({ runId, state: "running" }));
  return {
    queue: { active },
    stack: { services: [{ faults }], links: [{ faults: [] }], damage },
  } as unknown as LabState;
}

test("a fault in force is left broken when its run has ended and it is not manual", () => {
  const left = fault("payments-mcp", false);
  expect(leftBroken(labWith([left, fault("mock-slack", true)]))).toEqual([left]);
});

test("a fault of a run in progress is not left broken", () => {
  expect(leftBroken(labWith([fault("payments-mcp", false)], ["run"]))).toEqual([]);
});

test("nothing is left broken before the lab has sent its state", () => {
  expect(leftBroken(undefined)).toEqual([]);
});

test("there is nothing to undo without a fault in force", () => {
  expect(whyNoUndo(labWith([]))).toMatch(/No fault is in force/);
});

test("damage by someone else can be undone without a fault in force", () => {
  const damage = [{ target: "mock-slack", what: "mock-slack is paused" }];
  expect(whyNoUndo(labWith([], [], damage))).toBeUndefined();
});

test("faults of a run in progress are left to it, with a hint how to undo them now", () => {
  const ofRun = fault("payments-mcp", false);
  expect(whyNoUndo(labWith([ofRun], ["run"]))).toMatch(/Cancel the run or halt/);
  expect(whyNoUndo(labWith([ofRun]))).toBeUndefined();
  expect(whyNoUndo(labWith([ofRun, fault("mock-slack", true, "by-hand")], ["run"]))).toBeUndefined();
});

test("a removed container is not offered to be restored, unless something else can be", () => {
  const removed = { target: "gateway", what: "gateway has no container" };
  const paused = { target: "mock-slack", what: "mock-slack is paused" };
  const lab = (damage: LabState["stack"]["damage"]) => {
    const services = [
      { name: "gateway", state: "absent", faults: [] },
      { name: "mock-slack", state: "paused", faults: [] },
    ];
    return { queue: { active: [] }, stack: { services, links: [], damage } } as unknown as LabState;
  };
  expect(needsNewStack(lab([removed]))).toBe(true);
  expect(whyNoUndo(lab([removed]))).toMatch(/take the stack down/);
  expect(needsNewStack(lab([removed, paused]))).toBe(false);
  expect(whyNoUndo(lab([removed, paused]))).toBeUndefined();
  expect(needsNewStack(lab([]))).toBe(false);
});
