/**
 * The status of one backend, from the ends of its probes: unusable after `unhealthyThreshold` failures in a row, until then
 * what it was. The first success after a failure makes it degraded, the next one what it really is.
 */
import type { UpstreamFailure } from "../upstream-failure.ts";
import { errorCategory, type HealthStatus } from "./health-status.ts";

export interface TrackerSettings {
  unhealthyThreshold: number;
  /** A slower probe makes the backend degraded. */
  degradedAfterMs: number;
}

export interface HealthChange {
  from: HealthStatus;
  to: HealthStatus;
  reason: string;
}

export interface HealthReading {
  status: HealthStatus;
  consecutiveFailures: number;
  checkedAt: Date | undefined;
  changedAt: Date | undefined;
  /** Of the last failure, until a success. */
  errorCategory: string | undefined;
  error: string | undefined;
}

export class StatusTracker {
  readonly #settings: TrackerSettings;
  readonly #listeners: ((change: HealthChange) => void)[] = [];
  #reading: HealthReading = {
    status: "unknown",
    consecutiveFailures: 0,
    checkedAt: undefined,
    changedAt: undefined,
    errorCategory: undefined,
    error: undefined,
  };

  constructor(settings: TrackerSettings) {
    this.#settings = settings;
  }

  get reading(): HealthReading {
    return this.#reading;
  }

  /** Called after each change. */
  onChange(listener: (change: HealthChange) => void): void {
    this.#listeners.push(listener);
  }

  /** A call was answered, which says nothing about its speed: the tool may be slow. */
  answered(): void {
    if (this.#reading.consecutiveFailures > 0) this.succeeded(0);
  }

  succeeded(durationMs: number): void {
    const hadFailed = this.#reading.consecutiveFailures > 0;
    const isSlow = durationMs > this.#settings.degradedAfterMs;
    const reason = hadFailed ? "it answers again" : isSlow ? `it took ${Math.round(durationMs)} ms` : "it answers";
    this.#change(hadFailed || isSlow ? "degraded" : "healthy", reason, {
      consecutiveFailures: 0,
      errorCategory: undefined,
      error: undefined,
    });
  }

  failed({ kind, message }: UpstreamFailure): void {
    const consecutiveFailures = this.#reading.consecutiveFailures + 1;
    const isOver = consecutiveFailures >= Math.max(1, this.#settings.unhealthyThreshold);
    const found = kind === "unauthorized" ? "unauthenticated" : "unhealthy";
    this.#change(isOver ? found : this.#reading.status, message, {
      consecutiveFailures,
      errorCategory: errorCategory(kind),
      error: message,
    });
  }

  #change(
    to: HealthStatus,
    reason: string,
    rest: Pick<HealthReading, "consecutiveFailures" | "errorCategory" | "error">,
  ): void {
    const { status: from, changedAt } = this.#reading;
    const now = new Date();
    this.#reading = { ...rest, status: to, checkedAt: now, changedAt: from === to ? changedAt : now };
    if (from === to) return;
    for (const listener of this.#listeners) listener({ from, to, reason });
  }
}
