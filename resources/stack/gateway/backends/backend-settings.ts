import type { TrackerSettings } from "./health/status-tracker.ts";
import type { CircuitSettings } from "./policies/circuit-breaker.ts";
import type { Connection } from "./transports.ts";

export interface BackendSettings {
  name: string;
  connection: Connection;
  /** Its tools' readOnlyHint and idempotentHint are true: failed calls of those are sent again. */
  trustsHints: boolean;
  /** Retries for each call; undefined: not limited. */
  retryShare: number | undefined;
  /** Calls at once; undefined: not limited. */
  bulkheadLimit: number | undefined;
  /** Undefined: not monitored, its status stays unknown. */
  health: HealthSettings | undefined;
  /** Undefined: the circuit is always closed. */
  circuit: CircuitSettings | undefined;
}

export interface HealthSettings extends TrackerSettings {
  intervalMs: number;
  timeoutMs: number;
}
