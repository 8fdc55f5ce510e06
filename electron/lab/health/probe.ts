import type { Duplex } from "node:stream";
import { messageOf } from "../lab-error.ts";
import { httpProbe } from "./http-probe.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import { McpProbe } from "./mcp-probe.ts";
import { postgresProbe } from "./postgres-probe.ts";
import { PROBE_LIMIT_MS, type ProbeMethod, type Verdict } from "./probe-method.ts";
import type { ProbeSpec } from "./probe-spec.ts";
import { dialTcp, tcpProbe } from "./tcp-probe.ts";

export interface ProbeResult extends Verdict {
  latencyMs: number;
}

/** Checks one service repeatedly, over connections that it keeps. */
export interface Probe {
  check(signal: AbortSignal): Promise<ProbeResult>;
  close(): Promise<void>;
}

/** A probe that asks the service itself. */
export type AskedProbe = Exclude<ProbeSpec, { container: true }>;

/**
 * @param address host:port; replaces `{address}` in a postgres URL
 * @param headers sent with each request over HTTP
 * @param dial connects to the service, where a connection to the address tells nothing of it
 */
export function makeProbe(
  spec: AskedProbe,
  address: string,
  headers: McpEndpoint["headers"] = {},
  dial: (signal: AbortSignal) => Promise<Duplex> = (signal) => dialTcp(address, signal),
): Probe {
  if ("http" in spec) return timed(httpProbe(`http://${address}${spec.http}`, headers));
  if ("mcp" in spec) return timed(new McpProbe({ url: `http://${address}${spec.mcp}`, headers }));
  if ("tcp" in spec) return timed(tcpProbe(dial));
  return timed(postgresProbe(spec.postgres, address));
}

function timed(method: ProbeMethod): Probe {
  return {
    close: async () => method.close?.(),
    async check(signal) {
      const startedMs = performance.now();
      const limit = AbortSignal.timeout(PROBE_LIMIT_MS);
      const verdict = await method.check(AbortSignal.any([signal, limit])).catch((error: unknown): Verdict => {
        if (limit.aborted) return { status: "down", reason: `no answer within ${PROBE_LIMIT_MS} ms` };
        return { status: "down", reason: messageOf(error) };
      });
      return { ...verdict, latencyMs: performance.now() - startedMs };
    },
  };
}
