import type { ProcessIdentity } from "../process-identity.ts";

/** One life of a service: never the same again after a restart, so an undo cannot hit the wrong one. */
export type ServiceIdentity =
  | ({ kind: "process" } & ProcessIdentity)
  | { kind: "container"; id: string; startedAt: string };

export function isSameInstance(a: ServiceIdentity, b: ServiceIdentity): boolean {
  if (a.startedAt !== b.startedAt) return false;
  return a.kind === "process" ? b.kind === "process" && a.pid === b.pid : b.kind === "container" && a.id === b.id;
}
