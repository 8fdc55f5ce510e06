import { factsOf } from "./process-facts.ts";

/** Identifies a process so that a later one with the same number is not mistaken for it. */
export interface ProcessIdentity {
  pid: number;
  /** Start time as the system reports it: compare for equality only. */
  startedAt: string;
}

/** The identity of a running process; undefined when there is none. A zombie counts as dead. */
export function identify(pid: number): ProcessIdentity | undefined {
  const facts = factsOf(pid);
  return facts === undefined || facts.state.startsWith("Z") ? undefined : { pid, startedAt: facts.startedAt };
}

export function isSameProcess(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

export function isPaused(identity: ProcessIdentity): boolean {
  const facts = factsOf(identity.pid);
  return facts?.startedAt === identity.startedAt && facts.state.startsWith("T");
}

export const thisProcess: ProcessIdentity = identify(process.pid) ?? { pid: process.pid, startedAt: "unknown" };
