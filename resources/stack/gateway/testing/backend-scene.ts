/** A gateway before several backends, all in this process, without a database and an approval channel. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { startBackend, type TestBackend } from "./backend.ts";
import { eventually, launchGateway, type TestGateway } from "./lab.ts";
import type { RawClient } from "./raw-client.ts";

const allowAll = "rules: []\ndefaultAction: allow\n";

/** As `GET /api/backends/health` reports one backend. */
export interface BackendHealth {
  Status: string;
  ConsecutiveFailures: number;
  LastErrorCategory: string;
  CircuitState: string;
  LastCheckTime: string;
  LastTransitionTime: string;
}

/** As `GET /status` reports all. */
export interface StatusReport {
  healthy: boolean;
  backends: { name: string; health: string; transport: string; auth_type: string }[];
}

/** Probed often, so that a test does not wait long; the circuit stays closed unless a test says otherwise. */
export const monitored = {
  HEALTH_INTERVAL: "50ms",
  HEALTH_TIMEOUT: "5s",
  UNHEALTHY_THRESHOLD: "3",
  CIRCUIT_FAILURE_THRESHOLD: "1000",
};

export interface BackendScene {
  backend: (...tools: string[]) => Promise<TestBackend>;
  /** `backends`: by their names at the gateway. */
  gateway: (
    backends: Record<string, Pick<TestBackend, "url">>,
    variables?: Record<string, string>,
  ) => Promise<TestGateway>;
  /** Two monitored backends that are up: `stable`, which has the tool `fetch`, and `unstable`, which has `echo`. */
  pair: (
    variables?: Record<string, string>,
  ) => Promise<{ stable: TestBackend; unstable: TestBackend; gateway: TestGateway }>;
}

export function setBackendScene(): BackendScene {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const scene: BackendScene = {
    backend: async (...tools) => {
      const backend = await startBackend({ tools });
      ends.push(backend.down);
      return backend;
    },
    gateway: async (backends, variables = {}) => {
      const BACKENDS = Object.entries(backends)
        .map(([name, { url }]) => `${name}=${url}`)
        .join(",");
      const AUDIT_FILE = join(tmpdir(), `gateway-test-${randomUUID()}.jsonl`);
      ends.push(async () => rmSync(AUDIT_FILE, { force: true }));
      const gateway = await launchGateway({ AUDIT_FILE, BACKENDS, UPSTREAM_DEADLINE: "5s", ...variables }, allowAll);
      ends.push(gateway.stop);
      return gateway;
    },
    pair: async (variables = {}) => {
      const [stable, unstable] = [await scene.backend("fetch"), await scene.backend("echo")];
      const gateway = await scene.gateway({ stable, unstable }, { ...monitored, ...variables });
      await becomes(gateway, "unstable", isUp);
      await becomes(gateway, "stable", isUp);
      return { stable, unstable, gateway };
    },
  };
  return scene;
}

export function becomes(gateway: TestGateway, name: string, matches: (health: BackendHealth) => boolean) {
  return eventually(
    () => backendHealth(gateway),
    ({ [name]: health }) => health !== undefined && matches(health),
  );
}

export const isUp = ({ Status }: BackendHealth) => Status === "healthy" || Status === "degraded";
export const isUnhealthy = ({ Status }: BackendHealth) => Status === "unhealthy";
export const isOpen = ({ CircuitState }: BackendHealth) => CircuitState === "open";

export async function statusOf({ url }: TestGateway): Promise<StatusReport> {
  return (await (await fetch(`${url}/status`)).json()) as StatusReport;
}

export async function toolsOf(client: RawClient): Promise<string[]> {
  const { result } = (await client.request("tools/list")).message;
  return ((result?.tools ?? []) as { name: string }[]).map(({ name }) => name);
}

export async function backendHealth({ url }: TestGateway): Promise<Record<string, BackendHealth>> {
  const report = (await (await fetch(`${url}/api/backends/health`)).json()) as {
    backends: Record<string, BackendHealth>;
  };
  return report.backends;
}
