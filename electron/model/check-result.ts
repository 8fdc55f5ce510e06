/** Result of a check. Only `passed` is green. */
export type CheckResult = "passed" | "failed" | "inconclusive";

/** The result from the fields of a check's event. */
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
