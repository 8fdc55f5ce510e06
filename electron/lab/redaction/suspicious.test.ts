import { expect, test } from "vitest";
import { findSuspicious } from "./suspicious.ts";
import { ordinaryValues } from "./testing/ordinary-values.ts";

test("reports possible keys that no rule matches, by beginning and length, and nothing that is redacted", () => {
  const key = "Zq8Kd02LmXw7Rt5YbN4cVp1H";
  expect(findSuspicious(`acme key ${key}, [redacted: email 1]`)).toEqual(["Zq8K... (24 characters)"]);
  expect(findSuspicious("a run of [redacted: aws-secret-key 12] and nothing else")).toEqual([]);
});

test("reports few ordinary values", () => {
  const values = ordinaryValues(2_000, 3);
  const named = values.filter((value) => findSuspicious(value).length > 0);
  expect(named.length, named.slice(0, 5).join("\n")).toBeLessThanOrEqual(values.length / 20);
});
