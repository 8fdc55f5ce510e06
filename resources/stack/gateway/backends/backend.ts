/** One configured backend: its transport, the policies around it, and what is known of its health. */
import type { BackendSettings } from "./backend-settings.ts";
import type { HealthSign } from "./health/health-monitor.ts";
import type { HealthStatus } from "./health/health-status.ts";
import { isAdvertised } from "./health/health-status.ts";
import { StatusTracker } from "./health/status-tracker.ts";
import { breakCircuit } from "./policies/break-circuit.ts";
import { bulkhead } from "./policies/bulkhead.ts";
import { CircuitBreaker, type CircuitState } from "./policies/circuit-breaker.ts";
import { coalesce } from "./policies/coalesce.ts";
import { failFast } from "./policies/fail-fast.ts";
import { observe } from "./policies/observe.ts";
import { retry } from "./policies/retry.ts";
import { RetryBudget } from "./policies/retry-budget.ts";
import type { Upstream } from "./upstream.ts";
import type { UpstreamFailure } from "./upstream-failure.ts";

/** A change that has happened. */
export type BackendChange = { backend: string; reason: string } & (
  | { what: "health"; from: HealthStatus; to: HealthStatus }
  | { what: "circuit"; from: CircuitState; to: CircuitState }
);

export class Backend {
  readonly name: string;
  readonly settings: BackendSettings;
  readonly transport: Upstream;
  /** For the gateway's own requests. */
  readonly direct: Upstream;
  /** For requests of clients: through all policies. */
  readonly guarded: Upstream;
  readonly tracker: StatusTracker;
  readonly circuit: CircuitBreaker | undefined;
  readonly #signListeners: ((sign: HealthSign) => void)[] = [];
  #lastError: string | undefined;

  constructor(settings: BackendSettings, transport: Upstream, onChange: (change: BackendChange) => void) {
    this.name = settings.name;
    this.settings = settings;
    this.transport = transport;
    this.direct = observe(transport, (failure) => this.#ended(failure));
    this.tracker = new StatusTracker(settings.health ?? { unhealthyThreshold: Infinity, degradedAfterMs: Infinity });
    this.circuit = settings.circuit && new CircuitBreaker(settings.circuit);
    this.guarded = this.#guard(this.direct);
    this.tracker.onChange((change) => onChange({ what: "health", backend: this.name, ...change }));
    this.circuit?.onChange((change) => onChange({ what: "circuit", backend: this.name, ...change }));
  }

  onSign(listener: (sign: HealthSign) => void): void {
    this.#signListeners.push(listener);
  }

  report(sign: HealthSign): void {
    for (const listener of this.#signListeners) listener(sign);
  }

  /** From the inside out: a retry passes the bulkhead and the circuit again, and is not made for what is known to fail. */
  #guard(upstream: Upstream): Upstream {
    const { health, trustsHints, repeatsWrites, retryShare, retryBurst, honoursRetryAfter, bulkheadLimit } =
      this.settings;
    let guarded = this.circuit ? breakCircuit(upstream, this.circuit) : upstream;
    if (bulkheadLimit !== undefined) guarded = bulkhead(guarded, bulkheadLimit);
    if (trustsHints || repeatsWrites) {
      const budget = retryShare === undefined ? undefined : new RetryBudget(retryShare, retryBurst);
      guarded = retry(guarded, { budget, honoursRetryAfter });
    }
    guarded = coalesce(guarded);
    return health ? failFast(guarded, () => this.#unusable) : guarded;
  }

  /** An open circuit makes a backend unhealthy, so that nothing is offered that would not be sent. */
  get status(): HealthStatus {
    return this.#isCut ? "unhealthy" : this.tracker.reading.status;
  }

  get isAdvertised(): boolean {
    return isAdvertised(this.status);
  }

  /** Why its tools are not offered to a session that begins now. */
  get exclusion(): string | undefined {
    if (this.isAdvertised) return undefined;
    return this.#unusable ?? `circuit breaker ${this.circuit?.state}`;
  }

  /** Of the last request to it, until one is answered. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Why calls are not sent, apart from an open circuit, which lets a trial through. */
  get #unusable(): string | undefined {
    const { status, error } = this.tracker.reading;
    if (isAdvertised(status) || this.#isCut) return undefined;
    return `${status}: ${error}`;
  }

  /**
   * By its circuit. Without a monitor nothing but a call can close that again, so the backend is offered once the timeout
   * is over.
   */
  get #isCut(): boolean {
    if (!this.circuit || this.circuit.state === "closed") return false;
    return this.settings.health !== undefined || this.circuit.snapshot().retryAfterMs !== 0;
  }

  /** A probe has ended. */
  probed(failure: UpstreamFailure | undefined, durationMs: number): void {
    this.#lastError = failure?.message;
    if (failure) this.tracker.failed(failure);
    else this.tracker.succeeded(durationMs);
  }

  /** One slow or failed request says little about a backend; that nothing listens there says all. */
  #ended(failure: UpstreamFailure | undefined): void {
    if (!failure) {
      this.#lastError = undefined;
      this.tracker.answered();
      this.report("answers");
      return;
    }
    if (failure.kind === "refused" || failure.kind === "unreachable") this.#lastError = failure.message;
    this.report("fails");
  }
}
