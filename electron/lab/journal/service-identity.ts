import type { ProcessIdentity } from "../process-identity.ts";

/** One instance of a service: different after each restart, so that an undo cannot affect the wrong one. */
export type ServiceIdentity =
  | ({ kind: "process" } & ProcessIdentity)
  | { kind: "container"; id: string; startedAt: string };

/** A part of a service that a fault targets: its process, or one of its containers. */
export type Replica = ServiceIdentity & {
  /** It was paused before the fault, and is paused again by the undo. */
  wasPaused?: true;
};

export function isSameInstance(a: ServiceIdentity, b: ServiceIdentity): boolean {
  if (a.startedAt !== b.startedAt) return false;
  return a.kind === "process" ? b.kind === "process" && a.pid === b.pid : b.kind === "container" && a.id === b.id;
}
