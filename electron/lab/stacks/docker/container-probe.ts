import { orAbort } from "../../abort-scope.ts";
import type { Probe, ProbeResult } from "../../health/probe.ts";
import { PROBE_LIMIT_MS } from "../../health/probe-method.ts";
import { messageOf } from "../../lab-error.ts";
import { type ContainerView, verdictOf, verdictOfHealthCheck } from "./container-view.ts";

/** Where a probe learns of the container behind a service. */
export interface ContainerSource {
  isCurrent(): boolean;
  view(service: string): ContainerView | undefined;
  onChange(listener: (service: string) => void): () => void;
}

/** How the service behind a container is probed. */
export interface InnerProbe {
  /** host:port; undefined while the engine does not say it. @throws Error with the reason why it cannot be reached */
  address: () => Promise<string | undefined>;
  make: (address: string) => Probe;
}

/**
 * Asks the engine first and the service then, unless the container is all that is probed. A container that has ended or is
 * frozen needs no probe to time out, and a check that is under way when its container changes is started again.
 */
export function containerProbe(service: string, source: ContainerSource, probed: InnerProbe | "container"): Probe {
  return probed === "container" ? stateProbe(service, source) : serviceProbe(service, source, probed);
}

function stateProbe(service: string, source: ContainerSource): Probe {
  return {
    close: async () => {},
    async check(signal): Promise<ProbeResult> {
      if (!source.isCurrent()) await reported(service, source, signal);
      if (!source.isCurrent()) return { ...ENGINE_AWAY, latencyMs: 0 };
      const view = source.view(service);
      const verdict = verdictOf(view) ?? (view && verdictOfHealthCheck(view));
      return { ...(verdict ?? ENGINE_AWAY), latencyMs: 0 };
    },
  };
}

const ENGINE_AWAY = { status: "unknown", reason: "the Docker engine has not reported its container" } as const;

/** Resolves when the engine has first said something of the container, or when a check has taken long enough. */
async function reported(service: string, source: ContainerSource, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const forget = source.onChange((name) => name === service && resolve());
  await orAbort(promise, limit)
    .catch(() => {})
    .finally(forget);
}

function serviceProbe(service: string, source: ContainerSource, { address, make }: InnerProbe): Probe {
  let inner: { address: string; probe: Probe } | undefined;
  const innerAt = async (wanted: string): Promise<Probe> => {
    if (inner?.address === wanted) return inner.probe;
    // A port that the engine chose may be another one after a restart.
    await inner?.probe.close();
    inner = { address: wanted, probe: make(wanted) };
    return inner.probe;
  };
  return {
    close: async () => inner?.probe.close(),
    async check(signal): Promise<ProbeResult> {
      const startedMs = performance.now();
      for (;;) {
        const verdict = source.isCurrent() ? verdictOf(source.view(service)) : undefined;
        if (verdict !== undefined) return { ...verdict, latencyMs: performance.now() - startedMs };
        let at: string | undefined;
        try {
          at = await orAbort(address(), AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]));
        } catch (error) {
          return { status: "unknown", reason: messageOf(error), latencyMs: performance.now() - startedMs };
        }
        if (at === undefined) {
          const isNew = !source.isCurrent();
          if (isNew) await reported(service, source, signal);
          if (isNew && source.isCurrent() && !signal.aborted) continue;
          return { ...ENGINE_AWAY, latencyMs: performance.now() - startedMs };
        }
        const changed = new AbortController();
        const forget = source.onChange((name) => name === service && changed.abort());
        const probe = await innerAt(at);
        const result = await probe.check(AbortSignal.any([signal, changed.signal])).finally(forget);
        if (changed.signal.aborted && !signal.aborted) continue;
        const { health, stoppedReplicas } = source.view(service) ?? {};
        if (result.status !== "up") return result;
        if (health === "unhealthy")
          return { ...result, status: "degraded", reason: "its container's health check fails" };
        if (stoppedReplicas !== undefined) return { ...result, status: "degraded", reason: stoppedReplicas.join(", ") };
        return result;
      }
    },
  };
}
