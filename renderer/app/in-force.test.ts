import { expect, test } from "vitest";
import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";
import { leftBroken } from "./in-force.ts";

const fault = (target: string, byHand: boolean) => ({ kind: "stop", target, byHand }) as FaultInForce;

function labWith(faults: FaultInForce[], running: string[] = []): LabState {
  const active = running.map((runId) => ({ runId, state: "running" }));
  return { queue: { active }, stack: { services: [{ faults }], links: [{ faults: [] }] } } as unknown as LabState;
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
