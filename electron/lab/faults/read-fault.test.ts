import { expect, test } from "vitest";
import { readFault } from "./read-fault.ts";

const LINK = "gateway->payments-mcp";
const messageOf = (fields: Record<string, unknown>) => {
  try {
    return JSON.stringify(readFault(fields));
  } catch (error) {
    return (error as Error).message;
  }
};

test.each(["latency", "down"])("%s with a match says which faults can match a call", (kind) => {
  const by = kind === "latency" ? { by: "1s" } : {};
  expect(messageOf({ [kind]: LINK, ...by, match: { tool: "pay" } })).toMatch(
    new RegExp(`^fault:1:\\d+: ${kind} cannot "match" a tool or a request: .* http_status, http_delay, mcp_error, `),
  );
});

test("a field that no fault has is unknown, also beside a match", () => {
  expect(messageOf({ latency: LINK, by: "1s", colour: "red" })).toMatch(
    /: unknown field "colour" \(known fields are latency, by, .*\)$/,
  );
  expect(messageOf({ latency: LINK, by: "1s", colour: "red", match: {} }).split("\n")).toEqual([
    expect.stringMatching(/unknown field "colour" \(/),
    expect.stringMatching(/unknown field "match" \(known fields are latency, by, (?!.*match)/),
  ]);
});

test("a fault on requests takes a match", () => {
  expect(messageOf({ http_delay: LINK, by: "1s", match: { tool: "pay" } })).toContain('"match":{"tool":"pay"}');
});
