import { expect, test } from "vitest";
import { useDifference } from "./evaluation.ts";

const use = (name: string, given: Record<string, unknown> = {}) => ({ name, arguments: given });

test("two uses of a tool differ by name, by the arguments that differ, or because one is not there", () => {
  expect(useDifference(use("get", { a: { x: 1, y: [1, 2] } }), use("get", { a: { y: [1, 2], x: 1 } }))).toBeUndefined();
  expect(useDifference(use("get", { a: 1, b: 2 }), use("get", { a: 1, b: "2", c: null }))).toEqual(["b", "c"]);
  expect(useDifference(use("get", { a: [1] }), use("get", { a: { 0: 1 } }))).toEqual(["a"]);
  expect(useDifference(use("get"), use("set"))).toBe("name");
  expect(useDifference(use("get"), undefined)).toBe("missing");
  expect(useDifference(undefined, use("get"))).toBe("unexpected");
  expect(useDifference(undefined, undefined)).toBeUndefined();
});
