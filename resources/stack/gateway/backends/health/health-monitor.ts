/**
 * One loop a backend: a probe at once, then one `intervalMs` after the last has ended, none while its circuit is open. The
 * next probe is sooner after one that differs from the one before, and after a sign that contradicts the last one.
 */
import { UpstreamFailure } from "../upstream-failure.ts";

/** What a request or a connection shows of a backend. Worth a probe, and never counted as one. */
export type HealthSign = "fails" | "answers";

const shortestPauseMs = 100;

export interface MonitorOptions {
  intervalMs: number;
  /** After the first probe that failed. Doubles with each further one until two in a row have succeeded, up to `intervalMs`. */
  recheckMs: number;
  /** Rejects with UpstreamFailure; of the kind `not-sent` if nothing was asked. */
  probe: () => Promise<void>;
  onSuccess: (durationMs: number) => void;
  onFailure: (failure: UpstreamFailure) => void;
}

export class HealthMonitor {
  readonly #options: MonitorOptions;
  #timer: NodeJS.Timeout | undefined;
  /** When the next probe is due, on the monotonic clock; undefined while one is in progress. */
  #dueMs: number | undefined;
  #endedMs = 0;
  #pauseMs: number;
  #hasFailed = false;
  /** The latest sign taken while a probe was in progress, which may have asked before it. */
  #signMeanwhile: HealthSign | undefined;
  #isStopped = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#pauseMs = options.recheckMs;
  }

  /** Not again after {@link stop}. */
  start(): void {
    if (!this.#isStopped) void this.#run();
  }

  /** Called for each request: a sign that agrees with the last probe is ignored. */
  take(sign: HealthSign): void {
    if (this.#isStopped) return;
    if (this.#dueMs === undefined) {
      this.#signMeanwhile = sign;
      return;
    }
    if (this.#hasFailed === (sign === "fails")) return;
    const dueMs = this.#endedMs + shortestPauseMs;
    if (dueMs < this.#dueMs) this.#schedule(dueMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#dueMs = undefined;
    const waitMs = await this.#probe();
    if (this.#isStopped) return;
    this.#endedMs = performance.now();
    this.#schedule(this.#endedMs + waitMs);
    const sign = this.#signMeanwhile;
    this.#signMeanwhile = undefined;
    if (sign !== undefined) this.take(sign);
  }

  #schedule(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, dueMs - performance.now()));
    this.#timer.unref();
  }

  /** Resolves to the time until the next probe. */
  async #probe(): Promise<number> {
    const { intervalMs, probe, onSuccess, onFailure } = this.#options;
    const startedAtMs = performance.now();
    try {
      await probe();
      if (!this.#isStopped) onSuccess(performance.now() - startedAtMs);
      const isSteady = !this.#hasFailed;
      this.#hasFailed = false;
      if (!isSteady) return this.#backOff();
      this.#pauseMs = this.#options.recheckMs;
      return intervalMs;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      // The circuit is open: the probe that may close it is made as soon as that allows it.
      if (error.kind === "not-sent") return Math.max(1, error.retryAfterMs ?? intervalMs);
      if (!this.#isStopped) onFailure(error);
      this.#hasFailed = true;
      return this.#backOff();
    }
  }

  #backOff(): number {
    const pauseMs = Math.min(this.#pauseMs, this.#options.intervalMs);
    this.#pauseMs = pauseMs * 2;
    return pauseMs;
  }
}
