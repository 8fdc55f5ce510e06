import type { TrackerSettings } from "./health/status-tracker.ts";
import type { CircuitSettings } from "./policies/circuit-breaker.ts";
import type { Transport } from "./transports.ts";

export interface BackendSettings {
  name: string;
  transport: Transport;
  url: string;
  headers: Readonly<Record<string, string>>;
  sharesSession: boolean;
  /** Undefined: not monitored, its status stays unknown. */
  health: HealthSettings | undefined;
  /** Undefined: the circuit is always closed. */
  circuit: CircuitSettings | undefined;
}

export interface HealthSettings extends TrackerSettings {
  intervalMs: number;
  timeoutMs: number;
}
