import type { UpstreamCause } from "../upstream-failure.ts";

/** ToolHive's words. `degraded`: slow, or it has just recovered. `unknown`: no probe has ended yet. */
export const healthStatuses = ["healthy", "degraded", "unhealthy", "unauthenticated", "unknown"] as const;
export type HealthStatus = (typeof healthStatuses)[number];

/** Whether the backend's tools are offered to a session that begins now; unknown ones are, so that a start needs no probe. */
export function isAdvertised(status: HealthStatus): boolean {
  return status !== "unhealthy" && status !== "unauthenticated";
}

/** ToolHive's words for why a probe failed: the error itself may hold addresses. */
export function errorCategory(cause: UpstreamCause): string {
  switch (cause) {
    case "unauthorized":
      return "authentication_failed";
    case "deadline":
      return "timeout";
    case "closed":
      return "cancelled";
    case "refused":
    case "reset":
    case "unreachable":
      return "connection_failed";
    case "status":
      return "backend_unavailable";
    case "malformed":
    case "not-sent":
      return "health_check_failed";
  }
}
