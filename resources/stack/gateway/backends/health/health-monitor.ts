/** One loop a backend: a probe at once, then one `intervalMs` after the last has ended, none while its circuit is open. */
import { UpstreamFailure } from "../upstream-failure.ts";

export interface MonitorOptions {
  intervalMs: number;
  /** Rejects with UpstreamFailure; of the kind `not-sent` if nothing was asked. */
  probe: () => Promise<void>;
  onSuccess: (durationMs: number) => void;
  onFailure: (failure: UpstreamFailure) => void;
}

export class HealthMonitor {
  readonly #options: MonitorOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const waitMs = await this.#probe();
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#run(), waitMs);
    this.#timer.unref();
  }

  /** Resolves to the time until the next probe. */
  async #probe(): Promise<number> {
    const { intervalMs, probe, onSuccess, onFailure } = this.#options;
    const startedAtMs = performance.now();
    try {
      await probe();
      if (!this.#isStopped) onSuccess(performance.now() - startedAtMs);
      return intervalMs;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      // The circuit is open: the probe that may close it is made as soon as that allows it.
      if (error.kind === "not-sent") return Math.max(1, error.retryAfterMs ?? intervalMs);
      if (!this.#isStopped) onFailure(error);
      return intervalMs;
    }
  }
}
