import type { JournaledFault } from "../journal/fault-journal.ts";
import { LabError } from "../lab-error.ts";
import type { UndoTarget } from "./undo-target.ts";
import { waitForRecovery } from "./wait-for-recovery.ts";

/** A health check that has not passed after this time counts as failed. */
const HEALTH_CHECK_LIMIT_MS = 20_000;

/**
 * Restarts the services that share namespaces with a service that was restored, and waits until they are up.
 * @returns a text that names them; undefined when there was nothing to do
 */
export async function restoreSurroundings(
  fault: JournaledFault,
  target: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { target: service, before } = fault;
  const { surroundings } = target.driver;
  if (surroundings === undefined || before === undefined) return undefined;
  const restarted = await surroundings.restore(before, isBrokenByOther);
  for (const each of restarted) {
    if (each !== service) await waitForRecovery(each, fault, target, signal);
  }
  return restarted.length === 0 ? undefined : `${restarted.join(", ")} restarted, for a shared namespace`;
}

/** @throws LabError `residue` naming every difference from the state before the fault */
export async function assertAsBefore(
  { target: service, before }: JournaledFault,
  { driver }: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
  signal: AbortSignal,
  healthCheckLimitMs = HEALTH_CHECK_LIMIT_MS,
): Promise<void> {
  if (driver.surroundings === undefined || before === undefined) return;
  const late = AbortSignal.any([signal, AbortSignal.timeout(healthCheckLimitMs)]);
  const differences = await driver.surroundings.differences(before, isBrokenByOther, late);
  if (differences.length === 0) return;
  throw new LabError("residue", `not as it was before the fault: ${differences.join("; ")}`, {
    hint: `compare \`docker inspect\` with the stack file; \`docker compose up -d --force-recreate ${service}\` recreates it`,
  });
}
