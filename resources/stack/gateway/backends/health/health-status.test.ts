import { expect, test } from "vitest";
import { type HealthStatus, isAdvertised } from "./health-status.ts";

/** As ToolHive's vMCP, but that a backend is offered before its first probe has ended, so that a start needs none. */
test.each<[HealthStatus, boolean]>([
  ["healthy", true],
  ["degraded", true],
  ["unknown", true],
  ["unhealthy", false],
  ["unauthenticated", false],
])("ShouldAdvertise: the tools of a backend that is %s are offered: %s", (status, isOffered) => {
  expect(isAdvertised(status)).toBe(isOffered);
});
