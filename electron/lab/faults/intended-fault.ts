import { randomUUID } from "node:crypto";
import type { JournaledFault } from "../journal/fault-journal.ts";
import { LabError } from "../lab-error.ts";
import type { Prepared } from "./prepare.ts";
import type { RequestedFault } from "./requested-fault.ts";

/** How long a fault lasts when nothing else is requested, in milliseconds. */
export const DEFAULT_LIFETIME_MS = 10 * 60_000;
/** The lab ends a fault in time and reads its hits; the fault proxy removes it this much later if the lab has not. */
const PROXY_EXPIRES_LATER_MS = 1_000;

export type FaultOrigin = Pick<JournaledFault, "runId" | "stackId" | "isStanding" | "intendedWallMs">;

/** A prepared fault as it is written to the journal before it is applied, with an id of its own. */
export function intendedFault(
  { kind, target, forMs = DEFAULT_LIFETIME_MS }: RequestedFault,
  { identity, undo, before }: Prepared,
  origin: FaultOrigin,
): JournaledFault {
  return {
    id: randomUUID(),
    kind,
    target,
    identity,
    undo,
    ...(before === undefined ? {} : { before }),
    ...origin,
    expiresWallMs: origin.intendedWallMs + forMs,
  };
}

export function lifetimeMs({ intendedWallMs, expiresWallMs }: JournaledFault): number {
  return expiresWallMs - intendedWallMs;
}

/**
 * Applies it, with an expiry in the fault proxy in case nothing else undoes it. Resolves to what it does not do as planned, as a
 * text.
 * @param postponedMs by how much the lab may postpone its own expiry
 */
export function applyIntended(
  fault: JournaledFault,
  { apply }: Prepared,
  postponedMs = 0,
): Promise<string | undefined> {
  return apply(fault.id, lifetimeMs(fault) + postponedMs + PROXY_EXPIRES_LATER_MS, fault.isStanding ?? false);
}

/** Whether a fault that could not be applied was refused, and so never in force. After any other error that is unknown. */
export function isRefusal(error: unknown): error is LabError {
  return error instanceof LabError && (error.code === "unsupported" || error.code === "bad-input");
}
