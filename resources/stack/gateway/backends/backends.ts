/** The configured backends, in their order: opened, monitored and closed together. */
import { Backend, type BackendChange } from "./backend.ts";
import type { BackendSettings } from "./backend-settings.ts";
import { HealthMonitor, type HealthSign } from "./health/health-monitor.ts";
import { openUpstream } from "./transports.ts";

export interface BackendsOptions {
  log: (line: string) => void;
  onChange: (change: BackendChange) => void;
  onToolsChanged: (backend: Backend) => void;
}

export class Backends {
  readonly all: readonly Backend[];
  readonly #byName: ReadonlyMap<string, Backend>;
  readonly #monitors: HealthMonitor[] = [];

  constructor(settings: readonly BackendSettings[], { log, onChange, onToolsChanged }: BackendsOptions) {
    this.all = settings.map((each) => {
      const options = {
        name: each.name,
        deadlineMs: each.deadlineMs,
        log,
        onToolsChanged: () => onToolsChanged(backend),
        onSign: (sign: HealthSign) => backend.report(sign),
      };
      const upstream = openUpstream(each.connection, options);
      const backend: Backend = new Backend(each, upstream, onChange);
      return backend;
    });
    this.#byName = new Map(this.all.map((backend) => [backend.name, backend]));
  }

  get(name: string): Backend | undefined {
    return this.#byName.get(name);
  }

  /** `probe`: a real listing of the backend's capabilities, which rejects with UpstreamFailure. */
  monitor(probe: (backend: Backend, deadlineMs: number) => Promise<void>): void {
    for (const backend of this.all) {
      const { health } = backend.settings;
      if (!health) continue;
      const once = () => probe(backend, health.timeoutMs);
      const monitor = new HealthMonitor({
        intervalMs: health.intervalMs,
        recheckMs: health.recheckMs,
        probe: () => backend.circuit?.execute("probe", once) ?? once(),
        onSuccess: (durationMs) => backend.probed(undefined, durationMs),
        onFailure: (failure) => backend.probed(failure, 0),
      });
      this.#monitors.push(monitor);
      backend.onSign((sign) => monitor.take(sign));
      monitor.start();
    }
  }

  close(): void {
    for (const monitor of this.#monitors) monitor.stop();
    for (const { guarded } of this.all) guarded.close();
  }
}
