import { expect, test } from "vitest";
import { routeIn, routeOf } from "./link-route.ts";

const RUN = "0f0f0f0f-1111-4222-8333-444444444444";

test.each([
  [`resilience-lab://run/${RUN}`, `run/${RUN}`],
  [`resilience-lab://run/${RUN}/`, `run/${RUN}`],
  [`resilience-lab://run/${RUN}?t=1510.25&event=7`, `run/${RUN}?t=1510.25&event=7`],
  ["resilience-lab://history", "history"],
  ["resilience-lab://scenario/approval-timeout", "scenario/approval-timeout"],
])("%s leads to %s", (link, route) => {
  expect(routeOf(link)).toBe(route);
});

test.each([
  "https://example.com/history",
  "resilience-lab:history",
  "resilience-lab://run/../../etc/passwd",
  "resilience-lab://run/%2e%2e",
  `resilience-lab://run/${RUN}?t=1&next=//example.com`,
  "resilience-lab://scenario/A B",
  "resilience-lab://javascript:alert(1)",
  `resilience-lab://history?${"x".repeat(10_000)}`,
  "",
])("%s leads nowhere", (link) => {
  expect(routeOf(link)).toBeUndefined();
});

test("the link is found among the arguments of an instance, whatever else they are", () => {
  expect(routeIn(["/usr/bin/electron", "--flag", "resilience-lab://approvals"])).toBe("approvals");
  expect(routeIn(["/usr/bin/electron", "main.js"])).toBeUndefined();
});
