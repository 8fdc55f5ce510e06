import { expect, test } from "vitest";
import { callEnded, decided, eventsOf, started } from "../../testing/sample-events.ts";
import type { LabEventBody } from "../lab-event.ts";
import { RunModel } from "../run-model.ts";
import { differencesOf } from "./run-differences.ts";

const BASE_MS = 1_700_000_000_000;

function run(outcome: "passed" | "failed", refusedFrom: number) {
  const calls = Array.from({ length: 8 }, (_, index): LabEventBody[] => {
    const isRefused = index >= refusedFrom;
    const at = { decidedWallMs: BASE_MS + index * 10, callId: `c${index}`, rowId: `r${index}` };
    return [
      decided({ ...at, decision: isRefused ? "budgetExceeded" : "upstream_error" }),
      callEnded({
        callId: `c${index}`,
        startedWallMs: BASE_MS + index * 10,
        endedWallMs: BASE_MS + index * 10 + 1,
        outcome: isRefused ? "refused" : "upstream_error",
        attempts: isRefused ? 0 : 1,
      }),
    ];
  });
  const check: LabEventBody = {
    type: "check.evaluated",
    check: "policyOutcome",
    passed: outcome === "passed",
    expected: "budgetExceeded",
    observed: "something",
  };
  return RunModel.of(eventsOf([started, ...calls.flat(), check, { type: "run.ended", outcome, reason: "it ended" }]));
}

test("two runs differ from the call at which they part, and in how many calls ended how", () => {
  expect(differencesOf(run("passed", 5), run("failed", 8))).toEqual([
    {
      what: "call 6",
      left: "list_recent_charges was refused by the budget",
      right: "list_recent_charges failed",
      isFirst: true,
    },
    { what: "calls: failed", left: "5", right: "8" },
    { what: "calls: were refused by the budget", left: "3", right: "0" },
    { what: "attempts at servers", left: "5", right: "8" },
    { what: "checks passed", left: "1 of 1", right: "0 of 1" },
    { what: "outcome", left: "passed", right: "failed" },
  ]);
});

test("runs that went the same way do not differ", () => {
  expect(differencesOf(run("passed", 5), run("passed", 5))).toEqual([]);
});
