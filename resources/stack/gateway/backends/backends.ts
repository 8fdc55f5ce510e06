/** The configured backends, in their order: opened, monitored, replaced and closed. */
import { isDeepStrictEqual } from "node:util";
import { Backend, type BackendChange } from "./backend.ts";
import type { BackendSettings } from "./backend-settings.ts";
import { HealthMonitor, type HealthSign } from "./health/health-monitor.ts";
import { openUpstream } from "./transports.ts";

export interface BackendsOptions {
  log: (line: string) => void;
  onChange: (change: BackendChange) => void;
  onToolsChanged: (backend: Backend) => void;
}

/** A real listing of the backend's capabilities, which rejects with UpstreamFailure. */
type Probe = (backend: Backend, deadlineMs: number) => Promise<void>;

export class Backends {
  readonly #options: BackendsOptions;
  readonly #monitors = new Map<Backend, HealthMonitor>();
  /** Not offered any more; closed once no request to them can be in progress. */
  readonly #leaving = new Map<Backend, NodeJS.Timeout>();
  #all: readonly Backend[] = [];
  #byName: ReadonlyMap<string, Backend> = new Map();
  #probe: Probe | undefined;
  #isClosed = false;

  constructor(settings: readonly BackendSettings[], options: BackendsOptions) {
    this.#options = options;
    this.update(settings);
  }

  get all(): readonly Backend[] {
    return this.#all;
  }

  get(name: string): Backend | undefined {
    return this.#byName.get(name);
  }

  /** Whether it has not been removed, or replaced by one of its name. */
  has(backend: Backend): boolean {
    return this.#byName.get(backend.name) === backend;
  }

  /**
   * Takes over a configuration. A backend with the settings of before goes on, with its health, its circuit and its sessions;
   * one with others starts over. Returns those that are no more: their requests in progress come to their end. After
   * {@link close} nothing is taken over.
   */
  update(settings: readonly BackendSettings[]): readonly Backend[] {
    if (this.#isClosed) return [];
    const before = this.#all;
    this.#all = settings.map((each) => {
      const known = this.get(each.name);
      return known && isDeepStrictEqual(known.settings, each) ? known : this.#open(each);
    });
    this.#byName = new Map(this.#all.map((backend) => [backend.name, backend]));
    const removed = before.filter((backend) => !this.has(backend));
    for (const backend of removed) this.#leave(backend);
    for (const backend of this.#all) if (!before.includes(backend)) this.#monitor(backend);
    return removed;
  }

  /** Probes them from now on, also those that come later. */
  monitor(probe: Probe): void {
    this.#probe = probe;
    for (const backend of this.#all) this.#monitor(backend);
  }

  /** Resolves once their sessions have ended, or cannot be in time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const monitor of this.#monitors.values()) monitor.stop();
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    await Promise.all([...this.#all, ...this.#leaving.keys()].map(({ guarded }) => guarded.close()));
  }

  #open(settings: BackendSettings): Backend {
    const { log, onChange, onToolsChanged } = this.#options;
    const options = {
      name: settings.name,
      deadlineMs: settings.deadlineMs,
      log,
      onToolsChanged: () => void (this.has(backend) && onToolsChanged(backend)),
      onSign: (sign: HealthSign) => backend.report(sign),
    };
    const upstream = openUpstream(settings.connection, options);
    const backend: Backend = new Backend(settings, upstream, (change) => void (this.has(backend) && onChange(change)));
    return backend;
  }

  #leave(backend: Backend): void {
    this.#monitors.get(backend)?.stop();
    this.#monitors.delete(backend);
    const timer = setTimeout(() => {
      this.#leaving.delete(backend);
      void backend.guarded.close();
    }, backend.settings.deadlineMs);
    timer.unref();
    this.#leaving.set(backend, timer);
  }

  #monitor(backend: Backend): void {
    const { health } = backend.settings;
    const probe = this.#probe;
    if (!health || !probe) return;
    const once = () => probe(backend, health.timeoutMs);
    const monitor = new HealthMonitor({
      intervalMs: health.intervalMs,
      recheckMs: health.recheckMs,
      probe: () => backend.circuit?.execute("probe", once) ?? once(),
      onSuccess: (durationMs) => backend.probed(undefined, durationMs),
      onFailure: (failure) => backend.probed(failure, 0),
    });
    this.#monitors.set(backend, monitor);
    backend.onSign((sign) => monitor.take(sign));
    monitor.start();
  }
}
