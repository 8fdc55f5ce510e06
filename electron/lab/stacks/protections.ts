import { LabError } from "../lab-error.ts";
import type { Stack } from "./stack-file.ts";

/** Every protection that can be switched off for a run. */
export function protectionsOf({ services }: Pick<Stack, "services">): string[] {
  return services.flatMap(({ protections }) => protections?.names ?? []);
}

/** @throws LabError naming the protections that the stack knows, when one is unknown */
export function assertProtections(stack: Pick<Stack, "services">, without: readonly string[]): void {
  const known = protectionsOf(stack);
  const unknown = without.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new LabError("bad-input", `no service of this stack has a protection called ${unknown.join(", ")}`, {
    hint: known.length > 0 ? `the stack knows: ${known.join(", ")}` : "the stack file names none (x-lab.protections)",
  });
}
