import type { HealthStatus } from "../../model/lab-event.ts";
import { orAbort, within } from "../abort-scope.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { retryPauseMs } from "../retry-pause.ts";
import type { Probe, ProbeResult } from "./probe.ts";

/** Interval between checks of a service that is not awaited. */
const PAUSE_MS = 250;

export interface HealthTransition {
  service: string;
  from: HealthStatus;
  to: HealthStatus;
  reason: string;
  latencyMs: number;
}

type CheckListener = (result: ProbeResult, check: number) => void;

interface Watched {
  probe: Probe;
  last: ProbeResult;
  /** Checks started so far. */
  checks: number;
  wake: () => void;
  listeners: Set<CheckListener>;
  /** Pending waits with their start, in milliseconds on the monotonic clock. */
  waits: Set<{ sinceMs: number }>;
}

/**
 * Probes every service periodically and independently: a slow one never delays the others, and its checks never overlap.
 * An awaited service is probed at once, and more often.
 */
export class HealthMonitor {
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<(transition: HealthTransition) => unknown>();
  readonly #failureListeners = new Set<(error: unknown) => void>();
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[] = [];

  constructor(probes: ReadonlyMap<string, Probe>) {
    for (const [service, probe] of probes) {
      const last: ProbeResult = { status: "unknown", reason: "not checked yet", latencyMs: 0 };
      const watched: Watched = { probe, last, checks: 0, wake: () => {}, listeners: new Set(), waits: new Set() };
      this.#watched.set(service, watched);
      this.#loops.push(this.#loop(service, watched));
    }
  }

  health(service: string): ProbeResult {
    return this.#watched.get(service)?.last ?? { status: "unknown", reason: "it has no probe", latencyMs: 0 };
  }

  /** The service's health by a check that starts after this call. */
  async checkNow(service: string, signal: AbortSignal): Promise<ProbeResult> {
    let seen = this.health(service);
    await this.waitUntil(
      service,
      (result) => {
        seen = result;
        return true;
      },
      signal,
    );
    return seen;
  }

  /** The service's health as soon as it is up, else as it is after the limit: a slow answer on a busy machine is no failure. */
  async settled(service: string, limitMs: number, signal: AbortSignal): Promise<ProbeResult> {
    const first = await this.checkNow(service, signal);
    if (first.status === "up" || limitMs === 0) return first;
    await within(signal, limitMs, (limited) => this.waitFor(service, "up", limited)).catch(() =>
      signal.throwIfAborted(),
    );
    return this.health(service);
  }

  services(): string[] {
    return [...this.#watched.keys()];
  }

  onTransition(listener: (transition: HealthTransition) => unknown): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Subscribes to errors thrown by probes and listeners: they say nothing about the service, and probing continues. */
  onFailure(listener: (error: unknown) => void): () => void {
    this.#failureListeners.add(listener);
    return () => void this.#failureListeners.delete(listener);
  }

  /** Checks a service now instead of after its interval, since its state has just been changed. */
  nudge(service: string): void {
    this.#watched.get(service)?.wake();
  }

  /**
   * Resolves when the service has the given health, by a check that started after this call: an earlier result may
   * predate a fault or its undo.
   * @throws the signal's reason when it aborts first
   */
  waitFor(service: string, status: HealthStatus, signal: AbortSignal): Promise<void> {
    return this.waitUntil(service, (result) => result.status === status, signal);
  }

  /** {@link waitFor} a result that is accepted. */
  async waitUntil(service: string, accepts: (result: ProbeResult) => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const watched = this.#watched.get(service);
    if (watched === undefined) throw new LabError("bad-input", `there is no service "${service}" to check`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const startedBefore = watched.checks;
    const listener: CheckListener = (result, check) => {
      if (check > startedBefore && accepts(result)) resolve();
    };
    const wait = { sinceMs: performance.now() };
    watched.listeners.add(listener);
    watched.waits.add(wait);
    watched.wake();
    await orAbort(promise, signal).finally(() => {
      watched.listeners.delete(listener);
      watched.waits.delete(wait);
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const { wake } of this.#watched.values()) wake();
    await Promise.all(this.#loops);
    await Promise.all([...this.#watched.values()].map(({ probe }) => probe.close()));
  }

  async #loop(service: string, watched: Watched): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const nudged = new Promise<void>((resolve) => {
        watched.wake = resolve;
      });
      const check = ++watched.checks;
      const result = await this.#probe(service, watched.probe);
      if (signal.aborted) return;
      this.#take(service, watched, result);
      for (const listener of watched.listeners) listener(result, check);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        nudged,
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, pauseMs(watched));
        }),
      ]);
      clearTimeout(timer);
    }
  }

  /** A failed check resolves to `down`; a probe that throws could not check, so the health is unknown. */
  async #probe(service: string, probe: Probe): Promise<ProbeResult> {
    try {
      return await probe.check(this.#stop.signal);
    } catch (error) {
      const why = messageOf(error);
      const message = `${service} could not be probed: ${why}`;
      if (!this.#stop.signal.aborted) this.#fail(new LabError("internal", message, { cause: error }));
      return { status: "unknown", reason: `it could not be probed: ${why}`, latencyMs: 0 };
    }
  }

  #fail(error: unknown): void {
    for (const listener of [...this.#failureListeners]) listener(error);
  }

  #take(service: string, watched: Watched, result: ProbeResult): void {
    const from = watched.last.status;
    watched.last = result;
    if (from === result.status) return;
    const { status: to, reason, latencyMs } = result;
    for (const listener of [...this.#listeners]) {
      try {
        listener({ service, from, to, reason, latencyMs });
      } catch (error) {
        this.#fail(error);
      }
    }
  }
}

/** By the most recent wait. */
function pauseMs({ waits }: Watched): number {
  if (waits.size === 0) return PAUSE_MS;
  const latestMs = Math.max(...[...waits].map(({ sinceMs }) => sinceMs));
  return Math.min(PAUSE_MS, retryPauseMs(performance.now() - latestMs));
}
