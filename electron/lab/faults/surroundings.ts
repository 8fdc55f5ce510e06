import type { JournaledFault } from "../journal/fault-journal.ts";
import { LabError } from "../lab-error.ts";
import type { UndoTarget } from "./undo-target.ts";
import { waitUntilUpAgain } from "./up-again.ts";

/** A health check that has not passed after this long counts as failing. */
const HEALTH_CHECK_LIMIT_MS = 20_000;

/**
 * Restores what is lost with a service besides itself: those that share its namespaces are restarted and waited for.
 * @returns them, for a person; undefined when there was nothing to do
 */
export async function restoreSurroundings(
  { target: service, before }: JournaledFault,
  target: UndoTarget,
  isHeld: (service: string) => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { surroundings } = target.driver;
  if (surroundings === undefined || before === undefined) return undefined;
  const restarted = await surroundings.restore(before, isHeld);
  for (const each of restarted) {
    if (each !== service) await waitUntilUpAgain(each, target, signal);
  }
  return restarted.length === 0 ? undefined : `${restarted.join(", ")} restarted, for a shared namespace`;
}

/** @throws LabError `residue` naming everything that is not as it was before the fault */
export async function assertAsBefore(
  { target: service, before }: JournaledFault,
  { driver }: UndoTarget,
  isHeld: (service: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  if (driver.surroundings === undefined || before === undefined) return;
  const late = AbortSignal.any([signal, AbortSignal.timeout(HEALTH_CHECK_LIMIT_MS)]);
  const differences = await driver.surroundings.differences(before, isHeld, late);
  if (differences.length === 0) return;
  throw new LabError("residue", `not as it was before the fault: ${differences.join("; ")}`, {
    cure: `compare \`docker inspect\` with the stack file; \`docker compose up -d --force-recreate ${service}\` makes it anew`,
  });
}
