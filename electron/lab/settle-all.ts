import { asLabError, LabError } from "./lab-error.ts";

/**
 * Waits until all have come to their end, whatever fails.
 * @throws the error of the one that failed, or of several one LabError that has the reason of each, equal ones once
 */
export async function settleAll<Value>(all: readonly Promise<Value>[]): Promise<Value[]> {
  const settled = await Promise.allSettled(all);
  const failed = settled.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  const [first, ...more] = failed;
  if (more.length > 0) {
    const { code, hint, windowHint } = asLabError(first);
    const hints = hint === undefined ? {} : { hint: { terminal: hint, window: windowHint ?? hint } };
    const reasons = new Set(failed.map((each) => asLabError(each).message));
    throw new LabError(code, [...reasons].join("; "), { ...hints, cause: first });
  }
  if (failed.length > 0) throw first;
  return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}
