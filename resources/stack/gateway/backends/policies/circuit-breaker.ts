/**
 * Stops requests to a backend that keeps failing (Nygard, Release It!). It opens after `failureThreshold` failed probes in
 * a row, or when `failureRate` of at least `minimumCalls` calls within `windowMs` have failed: one slow or failed call says
 * little about a backend. While open nothing is sent. After `timeoutMs` the next request, probe or call, is let through
 * alone (half-open): if it succeeds the circuit closes, else it stays open for another `timeoutMs`.
 */
import { UpstreamFailure } from "../upstream-failure.ts";
import { FailureRate } from "./failure-rate.ts";

export const circuitStates = ["closed", "open", "half-open"] as const;
export type CircuitState = (typeof circuitStates)[number];

export interface CircuitSettings {
  failureThreshold: number;
  timeoutMs: number;
  windowMs: number;
  minimumCalls: number;
  /** From 0 to 1. */
  failureRate: number;
}

export interface CircuitChange {
  from: CircuitState;
  to: CircuitState;
  reason: string;
}

export interface CircuitSnapshot {
  state: CircuitState;
  /** Failed probes in a row. */
  failures: number;
  /** Undefined until the first change. */
  changedAt: Date | undefined;
  /** Until a request is let through; undefined unless open. */
  retryAfterMs: number | undefined;
}

type Kind = "probe" | "call";
type State = { name: "closed" } | { name: "open"; untilMs: number } | { name: "half-open" };

export class CircuitBreaker {
  readonly #settings: CircuitSettings;
  readonly #now: () => number;
  readonly #calls: FailureRate;
  readonly #listeners: ((change: CircuitChange) => void)[] = [];
  #state: State = { name: "closed" };
  #failures = 0;
  #changedAt: Date | undefined;

  /** `now`: a monotonic clock, in milliseconds. */
  constructor(settings: CircuitSettings, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#now = now;
    this.#calls = new FailureRate(settings.windowMs);
  }

  get state(): CircuitState {
    return this.#state.name;
  }

  /** A reading, which changes nothing: an open circuit stays open until something is attempted. */
  snapshot(): CircuitSnapshot {
    const retryAfterMs = this.#state.name === "open" ? Math.max(0, this.#state.untilMs - this.#now()) : undefined;
    return { state: this.#state.name, failures: this.#failures, changedAt: this.#changedAt, retryAfterMs };
  }

  /** Called after each change. */
  onChange(listener: (change: CircuitChange) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Does the work unless the circuit is open. Only an UpstreamFailure counts against the backend.
   * @throws UpstreamFailure of the kind `not-sent`, or what the work throws
   */
  async execute<T>(kind: Kind, work: () => Promise<T>): Promise<T> {
    const isTrial = this.#admit();
    try {
      const result = await work();
      this.#succeeded(kind, isTrial);
      return result;
    } catch (error) {
      if (error instanceof UpstreamFailure && error.kind !== "closed") this.#failed(kind, isTrial, error.message);
      // Nothing is known of the backend: the next request is the trial.
      else if (isTrial) this.#change({ name: "open", untilMs: this.#now() }, "the trial was cancelled");
      throw error;
    }
  }

  /** True for the one request that a half-open circuit lets through. */
  #admit(): boolean {
    if (this.#state.name === "closed") return false;
    const leftMs = this.#state.name === "open" ? this.#state.untilMs - this.#now() : 0;
    if (this.#state.name === "open" && leftMs <= 0) {
      this.#change({ name: "half-open" }, "its timeout is over: one request is let through");
      return true;
    }
    if (this.#state.name === "half-open") {
      throw new UpstreamFailure("not-sent", "circuit breaker half-open: a trial request is in progress");
    }
    const text = `circuit breaker open: retry in ${(leftMs / 1_000).toFixed(1)} s`;
    throw new UpstreamFailure("not-sent", text, Math.ceil(leftMs));
  }

  #succeeded(kind: Kind, isTrial: boolean): void {
    if (kind === "probe" || isTrial) this.#failures = 0;
    if (kind === "call") this.#calls.add(this.#now(), false);
    if (!isTrial) return;
    this.#calls.clear();
    this.#change({ name: "closed" }, "the trial succeeded");
  }

  #failed(kind: Kind, isTrial: boolean, cause: string): void {
    const { failureThreshold, timeoutMs, minimumCalls, failureRate } = this.#settings;
    const now = this.#now();
    if (kind === "probe") this.#failures += 1;
    else this.#calls.add(now, true);
    if (isTrial) this.#change({ name: "open", untilMs: now + timeoutMs }, `the trial failed: ${cause}`);
    // Also after a request that was sent before the circuit opened.
    if (this.#state.name !== "closed") return;
    const { calls, failures } = this.#calls.read(now);
    if (kind === "probe" && this.#failures >= failureThreshold) {
      this.#change({ name: "open", untilMs: now + timeoutMs }, `${this.#failures} probes in a row failed: ${cause}`);
    } else if (kind === "call" && calls >= minimumCalls && failures / calls >= failureRate) {
      this.#change({ name: "open", untilMs: now + timeoutMs }, `${failures} of ${calls} calls failed: ${cause}`);
    }
  }

  #change(to: State, reason: string): void {
    const change = { from: this.#state.name, to: to.name, reason };
    this.#state = to;
    this.#changedAt = new Date();
    for (const listener of this.#listeners) listener(change);
  }
}
