import { expect, test } from "vitest";
import { checkMatch, meets } from "./match.ts";

const request = { httpMethod: "POST", path: "/mcp", messages: [{ method: "tools/call", tool: "refund_all" }] };

test.each([
  [{}, true],
  [{ method: "tools/call" }, true],
  [{ method: "tools/*" }, true],
  [{ method: "*" }, true],
  [{ tool: "refund_*" }, true],
  [{ tool: "*_all" }, true],
  [{ tool: "r*f*d*l" }, true],
  [{ tool: "refund" }, false],
  [{ tool: "refund_all*all" }, false],
  [{ method: "tools/list", tool: "refund_all" }, false],
  [{ http_method: "post" }, true],
  [{ http_method: "GET" }, false],
  [{ path: "/mcp" }, true],
  [{ path: "/m*" }, true],
  [{ path: "/templates" }, false],
])("%j matches a refund: %s", (match, isMet) => {
  expect(meets(match, request)).toBe(isMet);
});

test("one message of a batch must match all conditions together", () => {
  const batch = { httpMethod: "POST", path: "/mcp", messages: [{ method: "a" }, { method: "tools/call", tool: "t" }] };
  expect(meets({ method: "tools/call", tool: "t" }, batch)).toBe(true);
  expect(meets({ method: "a", tool: "t" }, batch)).toBe(false);
});

test.each([[[]], ["x"], [{ first: 0 }], [{ ordinal: 1.5 }], [{ probability: 2 }], [{ tool: "" }], [{ other: 1 }]])(
  "%j is refused",
  (given) => {
    expect(checkMatch(given)).toHaveProperty("problem");
  },
);
