/** How a check ended. Only `passed` is green. */
export type CheckResult = "passed" | "failed" | "inconclusive";

/** Of a check as its event and its verdict tell it. */
export function resultOf({
  passed,
  inconclusive,
}: {
  passed: boolean;
  inconclusive?: string | undefined;
}): CheckResult {
  if (inconclusive !== undefined) return "inconclusive";
  return passed ? "passed" : "failed";
}
