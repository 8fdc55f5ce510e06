import { expect, test } from "vitest";
import { describeStep } from "./describe.ts";
import { kindOf, STEP_KINDS, step } from "./schema.ts";

const TABLE: [written: unknown, text: string][] = [
  [{ warm: "gateway" }, "warm gateway: initialize, tools/list"],
  [{ fault: { stop: "mock-slack" } }, "fault: stop mock-slack"],
  [{ undo: "all" }, "undo every fault"],
  [{ undo: "gateway" }, "undo the fault on gateway"],
  [{ agent: "Refund it." }, 'agent: "Refund it."'],
  [{ call: "create_refund" }, "call create_refund"],
  [{ storm: "list", times: 20 }, "storm: list up to 20 times"],
  [{ storm: "list", times: 20, until: "budgetExceeded" }, "storm: list up to 20 times, until budgetExceeded"],
  [{ http: "payments-mcp", path: "/state" }, "GET payments-mcp/state"],
  [{ http: "payments-mcp", path: "/reset", method: "POST" }, "POST payments-mcp/reset"],
  [{ approve: "create_refund" }, "a person approves create_refund"],
  [{ deny: "create_refund" }, "a person denies create_refund"],
  [{ decide: "create_refund", atMost: "1m" }, "a person decides on create_refund"],
  [{ wait: "1500ms" }, "wait for 1.50 s"],
  [{ wait: { service: "gateway", is: "up" } }, "wait for gateway to be up"],
  [{ wait: { rows: 5 } }, "wait for 5 audit rows"],
  [{ wait: { decision: "expired" } }, "wait for expired"],
  [{ wait: { decision: "allow", tool: "list", times: 3 } }, "wait for 3 times list allow"],
  [{ probe: "gateway" }, "probe gateway"],
  [{ probe: "gateway", is: "down" }, "probe gateway: down"],
  [{ check: { policyOutcome: "deny" } }, "check policyOutcome"],
  [{ warm: "gateway", name: "make ready" }, "make ready"],
];

test.each(TABLE)("%j is: %s", (written, text) => {
  expect(describeStep(step.parse(written))).toBe(text);
});

test("every kind of step has a description", () => {
  expect(new Set(TABLE.map(([written]) => kindOf(step.parse(written))))).toEqual(new Set(STEP_KINDS));
});
