import type { RunView } from "../../model/run-view.ts";
import type { MissingDecisions } from "../traces/decision-source.ts";
import {
  countAny,
  countedIn,
  foundInArguments,
  isCallEnd,
  isSubsequence,
  type LogCheck,
  type Verdict,
} from "./checks.ts";
import { countedCalls } from "./counted-calls.ts";

/** The verdict on what was seen, or an inconclusive one where missing decisions could change it. */
export function withMissing(
  check: LogCheck,
  seen: Verdict,
  view: RunView,
  missing: readonly MissingDecisions[],
): Verdict {
  const unknown = missing.find((each) => couldReverse(check, seen, view, each));
  return unknown === undefined ? seen : inconclusive(seen, unknown.why);
}

export function inconclusive(seen: Verdict, why: string): Verdict {
  return { ...seen, passed: false, inconclusive: why };
}

/**
 * Whether additional decisions, anywhere among those that were seen, could reverse the verdict. A verdict that they can
 * only confirm is certain: a tool that was called stays called.
 */
function couldReverse(check: LogCheck, { passed }: Verdict, view: RunView, missing: MissingDecisions): boolean {
  const couldBeOf = (tool: string) => missing.tool === undefined || missing.tool === tool;
  const couldBe = (decision: string) => missing.decision === undefined || missing.decision === decision;
  if ("within" in check || "answer" in check || "call" in check || "faultHit" in check) return false;
  if ("mustInclude" in check) return !passed && check.mustInclude.some(couldBeOf);
  if ("mustNotInclude" in check) return passed && check.mustNotInclude.some(couldBeOf);
  if ("policyOutcome" in check) return true;
  if ("mustNotContainInArgs" in check) return foundInArguments(check.mustNotContainInArgs, view).length === 0;
  if ("decisions" in check) {
    const rows = view.decisions.map(({ event: { tool, decision } }) => `${tool} ${decision}`);
    return isSubsequence(rows, check.decisions);
  }
  if ("trajectory" in check) {
    const { match, tools } = check.trajectory;
    const called = countedCalls(view).map(({ tool }) => tool);
    return match === "EXACT" ? isSubsequence(called, tools) : !passed && tools.some(couldBeOf);
  }
  if ("count" in check) {
    const { tool, exactly, atLeast, atMost } = check.count;
    const counted = countedIn(check.count);
    if ((!isCallEnd(counted) && !couldBe(counted)) || (tool !== undefined && !couldBeOf(tool))) return false;
    const seen = countAny(view, counted, tool);
    if (seen > Math.min(exactly ?? Infinity, atMost ?? Infinity)) return false;
    const isOnlyAtLeast = exactly === undefined && atMost === undefined;
    return !(isOnlyAtLeast && seen >= (atLeast ?? 0));
  }
  const { of, to } = check.ratio;
  return isCallEnd(of) || couldBe(of) || couldBe(to);
}
