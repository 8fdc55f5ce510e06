import { describe, expect, test } from "vitest";
import { resultOf } from "../../model/check-result.ts";
import type { Decision } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { decided, eventsOf, started } from "../../testing/sample-events.ts";
import type { MissingDecisions } from "../traces/decision-source.ts";
import { withMissing } from "./certainty.ts";
import { check as schema } from "./check-schema.ts";
import { evaluate, type LogCheck } from "./checks.ts";

const ANYTHING: MissingDecisions = { why: "the audit log cannot be read" };

/** The result of a check on these rows, each of a different call, when more may be missing. */
function resultOn(written: object, rows: readonly string[], missing: MissingDecisions[] = [ANYTHING]) {
  const bodies = rows.map((row, index) => {
    const [tool = "", decision = ""] = row.split(" ");
    return decided({ callId: `call-${index}`, tool, decision: decision as Decision, arguments: { card: tool } });
  });
  const view = RunModel.of(eventsOf([started, ...bodies]));
  const check = schema.parse(written) as LogCheck;
  const seen = evaluate(check, { view, methodMs: 100, answer: "Found it" });
  return resultOf(withMissing(check, seen, view, missing));
}

describe("where any decision may be missing", () => {
  test.each<[object, string[], string]>([
    [{ mustInclude: ["a", "b"] }, ["a allow", "b allow"], "passed"],
    [{ mustInclude: ["a", "b"] }, ["a allow"], "inconclusive"],
    [{ mustNotInclude: ["b"] }, [], "inconclusive"],
    [{ mustNotInclude: ["b"] }, ["a allow"], "inconclusive"],
    [{ mustNotInclude: ["b"] }, ["b deny"], "failed"],
    [{ policyOutcome: "allow" }, ["a allow"], "inconclusive"],
    [{ policyOutcome: "deny" }, ["a allow"], "inconclusive"],
    [{ mustNotContainInArgs: ["4242"] }, [], "inconclusive"],
    [{ mustNotContainInArgs: ["4242"] }, ["a allow"], "inconclusive"],
    [{ mustNotContainInArgs: ["4242"] }, ["4242 allow"], "failed"],
    [{ decisions: [] }, [], "inconclusive"],
    [{ decisions: [] }, ["a allow"], "failed"],
    [{ decisions: ["a allow"] }, ["a allow"], "inconclusive"],
    [{ decisions: ["a allow", "b deny"] }, ["b deny"], "inconclusive"],
    [{ decisions: ["a allow", "b deny"] }, ["b allow"], "failed"],
    [{ trajectory: { tools: ["a"], match: "EXACT" } }, ["a allow"], "inconclusive"],
    [{ trajectory: { tools: ["a"], match: "EXACT" } }, ["b allow"], "failed"],
    [{ trajectory: { tools: ["a"], match: "IN_ORDER" } }, ["a allow"], "passed"],
    [{ trajectory: { tools: ["a", "b"], match: "ANY_ORDER" } }, ["b allow"], "inconclusive"],
    [{ count: { decision: "allow", exactly: 0 } }, [], "inconclusive"],
    [{ count: { decision: "allow", exactly: 0 } }, ["a allow"], "failed"],
    [{ count: { decision: "allow", exactly: 1 } }, ["a allow"], "inconclusive"],
    [{ count: { decision: "allow", atMost: 1 } }, ["a allow"], "inconclusive"],
    [{ count: { decision: "allow", atMost: 1 } }, ["a allow", "b allow"], "failed"],
    [{ count: { decision: "allow", atLeast: 1 } }, ["a allow"], "passed"],
    [{ count: { decision: "allow", atLeast: 1 } }, [], "inconclusive"],
    [{ count: { decision: "allow", atLeast: 1, atMost: 2 } }, ["a allow"], "inconclusive"],
    [{ ratio: { of: "allow", to: "deny", atMost: 5 } }, ["a allow", "b deny"], "inconclusive"],
    [{ ratio: { of: "allow", to: "deny", atMost: 5 } }, [], "inconclusive"],
    [{ within: "1s" }, [], "passed"],
    [{ within: "50ms" }, [], "failed"],
    [{ answer: { contains: "found" } }, [], "passed"],
    [{ answer: { contains: "lost" } }, [], "failed"],
  ])("%j on %j is %s", (written, rows, result) => {
    expect(resultOn(written, rows)).toBe(result);
  });
});

describe("a partly known row reverses only the verdicts that it could affect", () => {
  const odd = { why: "row 7", tool: "a", decision: "rate_limited" };
  const nil = { why: "row 8", tool: "a" };
  test.each<[object, MissingDecisions, string]>([
    [{ mustNotInclude: ["b"] }, odd, "passed"],
    [{ mustNotInclude: ["a"] }, odd, "inconclusive"],
    [{ count: { decision: "deny", exactly: 0 } }, odd, "passed"],
    [{ count: { decision: "deny", exactly: 0 } }, nil, "inconclusive"],
    [{ count: { decision: "deny", tool: "b", exactly: 0 } }, nil, "passed"],
    [{ ratio: { of: "deny", to: "allow", atMost: 1 } }, odd, "passed"],
    [{ mustInclude: ["b"] }, nil, "failed"],
    [{ policyOutcome: "allow" }, odd, "inconclusive"],
    [{ decisions: ["c allow"] }, odd, "inconclusive"],
  ])("%j with %j missing is %s", (written, missing, result) => {
    expect(resultOn(written, ["c allow"], [missing])).toBe(result);
  });
});

test("without missing decisions a verdict is unchanged", () => {
  expect(resultOn({ decisions: [] }, [], [])).toBe("passed");
  expect(resultOn({ mustInclude: ["a"] }, [], [])).toBe("failed");
});
