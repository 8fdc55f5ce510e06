import { expect, test } from "vitest";
import { differenceOfUses } from "./evaluation.ts";

const use = (name: string, given: Record<string, unknown> = {}) => ({ name, arguments: given });

test("two uses of a tool differ by name, by the arguments that differ, or because one is not there", () => {
  expect(
    differenceOfUses(use("get", { a: { x: 1, y: [1, 2] } }), use("get", { a: { y: [1, 2], x: 1 } })),
  ).toBeUndefined();
  expect(differenceOfUses(use("get", { a: 1, b: 2 }), use("get", { a: 1, b: "2", c: null }))).toEqual(["b", "c"]);
  expect(differenceOfUses(use("get", { a: [1] }), use("get", { a: { 0: 1 } }))).toEqual(["a"]);
  expect(differenceOfUses(use("get"), use("set"))).toBe("name");
  expect(differenceOfUses(use("get"), undefined)).toBe("missing");
  expect(differenceOfUses(undefined, use("get"))).toBe("unexpected");
  expect(differenceOfUses(undefined, undefined)).toBeUndefined();
});
