/**
 * `GET /status` and `GET /api/backends/health`, in the shapes of ToolHive's vMCP. Both are made of the same readings, so
 * they agree about each backend at every moment.
 */
import type { Backend } from "./backends/backend.ts";
import type { HealthStatus } from "./backends/health/health-status.ts";

const version = "0.1.0";
const groupRef = "resilience-lab";

export function statusReport(backends: readonly Backend[]): unknown {
  return {
    backends: backends.map(({ name, status, settings }) => ({
      name,
      health: status,
      transport: settings.transport,
      auth_type: Object.keys(settings.headers).some((header) => header.toLowerCase() === "authorization")
        ? "header_injection"
        : "unauthenticated",
    })),
    healthy: backends.some(({ status }) => status === "healthy"),
    version,
    group_ref: groupRef,
  };
}

export function backendHealthReport(backends: readonly Backend[]): unknown {
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
      backends.map(({ name, status, tracker: { reading }, circuit }) => {
        const snapshot = circuit?.snapshot();
        return [
          name,
          {
            Status: status,
            ConsecutiveFailures: reading.consecutiveFailures,
            LastCheckTime: timeOf(reading.checkedAt),
            LastErrorCategory: reading.errorCategory ?? "",
            LastTransitionTime: timeOf(reading.changedAt),
            CircuitState: snapshot?.state ?? "closed",
            CircuitLastChanged: timeOf(snapshot?.changedAt),
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
