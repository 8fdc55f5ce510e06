import type { HealthStatus } from "../../model/lab-event.ts";

/** Of one check; a service that has not answered by then is down. */
export const PROBE_LIMIT_MS = 750;

export interface Verdict {
  status: HealthStatus;
  reason: string;
  /** Of a degraded service that serves, and reports itself that something it needs is missing. */
  isServing?: true;
}

/** One way to probe a service; a rejection means that there was no answer. */
export interface ProbeMethod {
  check(signal: AbortSignal): Promise<Verdict>;
  /** Releases what it keeps between checks, such as connections and sessions. */
  close?(): Promise<void>;
}
