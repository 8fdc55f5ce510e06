import { expect, test } from "vitest";
import type { LabEventBody } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { decided, eventsOf, passed, started } from "../../testing/sample-events.ts";
import { expectedSet } from "../evaluation/expected-set.ts";
import type { CheckOf } from "./check-schema.ts";
import { check as checkSchema } from "./check-schema.ts";
import { evaluateCheck } from "./evaluate-check.ts";

const never = new AbortController().signal;

function runOf(amount: number, answer = "It is refunded."): RunModel {
  const asks: LabEventBody = {
    ...{ type: "step.started", step: "one", kind: "agent", label: 'agent: "Refund it"', background: false },
  };
  const call = decided({ turnId: "t", tool: "create_refund", arguments: { amount }, decidedWallMs: 1_700_000_000_025 });
  const answers: LabEventBody = { type: "step.ended", step: "one", outcome: "ok", output: { answer, turnId: "t" } };
  return RunModel.of(eventsOf([started, asks, call, answers, passed]));
}

const turn = { userText: "Refund it", finalResponse: "It is refunded.", hasEnded: true, tokens: undefined };
const use = { name: "create_refund", arguments: { amount: 5 }, id: undefined, response: undefined };
const expected = JSON.parse(
  expectedSet("mine", "Mine", [{ id: "1", ...turn, toolUses: [use], startUs: 0, endUs: 1 }]),
) as unknown;

const judged = (written: object, view: RunModel) =>
  evaluateCheck(checkSchema.parse({ evaluate: written }) as CheckOf<"evaluate">, view, never);

test("the turns of a run's agent are compared with the expected ones, down to the argument that differs", async () => {
  const metric = "tool_trajectory_avg_score";
  expect(await judged({ metric, expected }, runOf(5))).toMatchObject({ passed: true, observed: "1" });
  expect(await judged({ metric, expected }, runOf(7))).toMatchObject({
    check: "evaluate tool_trajectory_avg_score",
    passed: false,
    expected: "at least 0.5",
    observed: "0; use 1, create_refund: argument amount is 7, expected 5",
  });
  const other = JSON.parse(JSON.stringify(expected).replace("Refund it", "Cancel it")) as unknown;
  expect(await judged({ metric, expected: other }, runOf(5))).toMatchObject({
    passed: true,
    observed: "1; the only case of mine, mine_1, begins with another text of the user than the trace",
  });
  const response = { metric: "response_match_score", threshold: 0.9, expected };
  expect(await judged(response, runOf(5))).toMatchObject({ passed: true, observed: "1" });
  expect(await judged(response, runOf(5, "Nothing was done"))).toMatchObject({ passed: false });
});

test("a limit is compared with what was measured", async () => {
  // The step lasts from the second event to the fourth, which are ten milliseconds apart.
  expect(await judged({ metric: "latency_ms", threshold: 20 }, runOf(5))).toMatchObject({
    passed: true,
    observed: "20",
  });
  expect(await judged({ metric: "latency_ms", threshold: 19 }, runOf(5))).toMatchObject({ passed: false });
  expect(await judged({ metric: "tool_calls", threshold: 0 }, runOf(5))).toMatchObject({
    passed: false,
    observed: "1",
  });
});

test("a run without an agent could not be evaluated", async () => {
  const nobody = RunModel.of(eventsOf([started, passed]));
  expect(await judged({ metric: "tool_calls", threshold: 5 }, nobody)).toMatchObject({
    passed: false,
    inconclusive: "no turn of an agent was found in the trace",
  });
});

test("a check that could not fail, or names nothing that it is compared with, is refused", () => {
  const problems = (written: object) => checkSchema.safeParse({ evaluate: written }).error?.issues.length ?? 0;
  expect(problems({ metric: "tool_trajectory_avg_score" })).toBeGreaterThan(0);
  expect(problems({ metric: "latency_ms" })).toBeGreaterThan(0);
  expect(problems({ metric: "./run-me.sh", threshold: 1 })).toBeGreaterThan(0);
  expect(problems({ metric: "response_match_score", threshold: 2, expected })).toBeGreaterThan(0);
  expect(problems({ metric: "response_match_score", expected: { eval_set_id: "x", eval_cases: [] } })).toBeGreaterThan(
    0,
  );
});
