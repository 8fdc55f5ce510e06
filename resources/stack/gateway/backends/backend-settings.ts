import type { TrackerSettings } from "./health/status-tracker.ts";
import type { CircuitSettings } from "./policies/circuit-breaker.ts";
import type { Connection } from "./transports.ts";

export interface BackendSettings {
  name: string;
  connection: Connection;
  /** Of a request to it, its reply's body included. */
  deadlineMs: number;
  /** Its tools' readOnlyHint and idempotentHint are true: failed calls of those are sent again. */
  trustsHints: boolean;
  /** Failed calls of every tool are sent again, writes included: what `write-once` prevents. */
  repeatsWrites: boolean;
  /** Retries for each call; undefined: not limited. */
  retryShare: number | undefined;
  /** Retries that can be saved up. */
  retryBurst: number;
  /** A retry waits as long as the backend asks for with Retry-After. */
  honoursRetryAfter: boolean;
  /** Calls at once; undefined: not limited. */
  bulkheadLimit: number | undefined;
  /** Undefined: not monitored, its status stays unknown. */
  health: HealthSettings | undefined;
  /** Undefined: the circuit is always closed. */
  circuit: CircuitSettings | undefined;
}

export interface HealthSettings extends TrackerSettings {
  intervalMs: number;
  /** After a probe that failed, doubling up to `intervalMs`, and between any two probes. */
  recheckMs: number;
  timeoutMs: number;
}
