import type { HealthStatus } from "../../model/lab-event.ts";

export interface Verdict {
  status: HealthStatus;
  reason: string;
}

/** One way to probe a service; a rejection means that nobody answered. */
export interface ProbeMethod {
  look(signal: AbortSignal): Promise<Verdict>;
  /** Gives back what it holds between one look and the next, in the service too. */
  close?(): Promise<void>;
}
