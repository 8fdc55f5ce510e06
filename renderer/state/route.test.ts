import { expect, test } from "vitest";
import { formatRoute, parseRoute, type Route } from "./route.ts";

const ROUTES: Route[] = [
  { at: "lab" },
  { at: "run", runId: "5ce34357-cb08" },
  { at: "run", runId: "5ce34357-cb08", cursorMs: 0, selectedSeq: 12 },
  { at: "run", runId: "5ce34357-cb08", cursorMs: 1234.567 },
  { at: "run", runId: "5ce34357-cb08", cursorMs: 5, panel: "waterfall" },
  { at: "compare", left: "a-1", right: "b-2" },
  { at: "batch", batchId: "5ce34357-cb08" },
  { at: "scenarios" },
  { at: "scenarios", scenarioId: "mcp-crash", isCopy: true },
  { at: "scenarios", brokenFile: "my broken file & co #1 100%.yaml" },
  { at: "history" },
  {
    at: "history",
    filter: { text: "a & b #1", scenarioId: "mcp-crash", driver: "docker", outcome: "failed", pinned: true },
  },
  { at: "lab", filter: { text: "50% off", pattern: "fail closed" } },
  { at: "lab", filter: { pattern: "timeout", list: true } },
  { at: "sessions" },
  { at: "approvals" },
  { at: "settings" },
  { at: "about" },
];

test.each(ROUTES)("a formatted route is parsed to the same route: $at", (route) => {
  expect(parseRoute(formatRoute(route))).toEqual(route);
});

test("a route of the shell, without a hash, is parsed", () => {
  expect(parseRoute("run/5ce34357-cb08")).toEqual({ at: "run", runId: "5ce34357-cb08" });
});

test.each([
  "",
  "#",
  "#/nowhere",
  "#/run",
  "#/run/../../etc",
  "#/compare/only-one",
  "#/run/<script>",
  "javascript:alert(1)",
])("an invalid address opens the lab: %s", (hash) => {
  expect(parseRoute(hash)).toEqual({ at: "lab" });
});

test("an invalid filter is omitted", () => {
  expect(parseRoute("#/history?outcome=great&text=&nothing=1")).toEqual({ at: "history" });
  expect(parseRoute(`#/history?text=${"x".repeat(300)}`)).toEqual({ at: "history", filter: { text: "x".repeat(200) } });
});

test("an invalid time or event is omitted", () => {
  expect(parseRoute("#/run/a?t=soon&event=-3")).toEqual({ at: "run", runId: "a" });
  expect(parseRoute("#/run/a?t=Infinity")).toEqual({ at: "run", runId: "a" });
});
