/**
 * `GET /status` and `GET /api/backends/health`, in the shapes of ToolHive's vMCP. Both are made of the same readings, so
 * they agree about each backend at every moment.
 */
import type { Backend } from "./backends/backend.ts";
import type { HealthStatus } from "./backends/health/health-status.ts";

const version = "0.1.0";
const groupRef = "resilience-lab";

/** What the reports are made of. `revisionOf`: the protocol revision, empty if it is not known. */
export interface ReportedBackends {
  backends: readonly Backend[];
  revisionOf: (backend: Backend) => string;
}

export function statusReport({ backends, revisionOf }: ReportedBackends): unknown {
  return {
    backends: backends.map((backend) => ({
      name: backend.name,
      health: backend.status,
      transport: backend.settings.connection.transport,
      auth_type: sendsCredentials(backend) ? "header_injection" : "unauthenticated",
      mcp_revision: revisionOf(backend),
    })),
    healthy: backends.some(({ status }) => status === "healthy"),
    version,
    group_ref: groupRef,
  };
}

function sendsCredentials({ settings: { connection } }: Backend): boolean {
  if (!("headers" in connection)) return false;
  return Object.keys(connection.headers).some((header) => header.toLowerCase() === "authorization");
}

export function backendHealthReport({ backends, revisionOf }: ReportedBackends): unknown {
  const countOf = (status: HealthStatus) => backends.filter((backend) => backend.status === status).length;
  return {
    monitoring_enabled: backends.some(({ settings }) => settings.health !== undefined),
    summary: {
      Total: backends.length,
      Healthy: countOf("healthy"),
      Degraded: countOf("degraded"),
      Unhealthy: countOf("unhealthy"),
      Unknown: countOf("unknown"),
      Unauthenticated: countOf("unauthenticated"),
    },
    backends: Object.fromEntries(
      backends.map((backend) => {
        const { reading } = backend.tracker;
        const snapshot = backend.circuit?.snapshot();
        return [
          backend.name,
          {
            Status: backend.status,
            ConsecutiveFailures: reading.consecutiveFailures,
            LastCheckTime: timeOf(reading.checkedAt),
            LastErrorCategory: reading.errorCategory ?? "",
            LastTransitionTime: timeOf(reading.changedAt),
            CircuitState: snapshot?.state ?? "closed",
            CircuitLastChanged: timeOf(snapshot?.changedAt),
            MCPRevision: revisionOf(backend),
          },
        ];
      }),
    ),
  };
}

/** Go's zero time for what has not happened. */
function timeOf(date: Date | undefined): string {
  return date?.toISOString() ?? "0001-01-01T00:00:00Z";
}
