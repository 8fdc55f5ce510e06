import type { Probe, ProbeResult } from "../../health/probe.ts";
import { type ContainerView, verdictOf } from "./container-view.ts";

/** Where a probe learns of the container behind a service. */
export interface ContainerSource {
  isCurrent(): boolean;
  view(service: string): ContainerView | undefined;
  onChange(listener: (service: string) => void): () => void;
}

/**
 * Asks the engine first and the service then. A container that has ended or is frozen needs no probe to time out, and a
 * look that is under way when its container changes is begun again.
 */
export function containerProbe(
  service: string,
  source: ContainerSource,
  address: () => string,
  makeInner: (address: string) => Probe,
): Probe {
  let inner: { address: string; probe: Probe } | undefined;
  const innerAt = async (wanted: string): Promise<Probe> => {
    if (inner?.address === wanted) return inner.probe;
    // A port that the engine chose may be another one after a restart.
    await inner?.probe.close();
    inner = { address: wanted, probe: makeInner(wanted) };
    return inner.probe;
  };
  return {
    close: async () => inner?.probe.close(),
    async check(signal): Promise<ProbeResult> {
      const startedMs = performance.now();
      for (;;) {
        const verdict = source.isCurrent() ? verdictOf(source.view(service)) : undefined;
        if (verdict !== undefined) return { ...verdict, latencyMs: performance.now() - startedMs };
        const changed = new AbortController();
        const forget = source.onChange((name) => name === service && changed.abort());
        const probe = await innerAt(address());
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
