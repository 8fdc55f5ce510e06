import { expect, test } from "vitest";
import { callEnded, decided, eventsOf, started } from "../../testing/sample-events.ts";
import type { CallOutcome, Decision, LabEventBody } from "../lab-event.ts";
import { RunModel } from "../run-model.ts";
import { refusedCalls } from "./refused-calls.ts";

const BASE_MS = 1_700_000_000_000;

function call(index: number, decision: Decision, outcome: CallOutcome, attempts: number): LabEventBody[] {
  const callId = `c${index}`;
  const at = BASE_MS + index;
  return [
    decided({ callId, rowId: callId, decision, decidedWallMs: at }),
    callEnded({ callId, outcome, attempts, startedWallMs: at, endedWallMs: at + 1 }),
  ];
}

const refused = (...calls: LabEventBody[][]) => refusedCalls(RunModel.of(eventsOf([started, ...calls.flat()])));

test("the policy, a person, the budget and an open circuit refuse calls; a server that fails them does not", () => {
  expect(
    refused(call(1, "deny", "refused", 0), call(2, "denied", "refused", 0), call(3, "expired", "refused", 0)),
  ).toBe(3);
  expect(refused(call(1, "budgetExceeded", "refused", 0), call(2, "allow", "ok", 1))).toBe(1);
  const opened: LabEventBody = {
    ...{ type: "backend.changed", backend: "payments", what: "circuit", from: "closed", to: "open" },
    ...{ reason: "it fails", changedWallMs: BASE_MS + 2 },
  };
  const failed = call(1, "upstream_error", "upstream_error", 1);
  const notSent = call(3, "upstream_error", "upstream_error", 0);
  // Without an open circuit it was not sent since nothing listened.
  expect(refused(failed, notSent)).toBe(0);
  expect(refused(failed, notSent, [opened])).toBe(1);
});
