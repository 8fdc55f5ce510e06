import { LabError, messageOf } from "../../lab-error.ts";

const NEXT_START = "the next start of the lab restores what is left";

/** Takes each step, whatever has become of those before it. @throws LabError `residue` that says what each could not do */
export async function takeAll(steps: readonly (() => void | Promise<void>)[]): Promise<void> {
  const failed: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length === 0) return;
  const [first] = failed;
  if (failed.length === 1 && first instanceof LabError && first.hint?.endsWith(NEXT_START)) throw first;
  const hints = failed.flatMap((error) => (error instanceof LabError && error.hint !== undefined ? [error.hint] : []));
  const hint = [...new Set(hints), NEXT_START].join("; ");
  throw new LabError("residue", [...new Set(failed.map(messageOf))].join("; "), { hint: hint, cause: first });
}
