import { expect, test } from "vitest";
import { type ArgumentField, fieldsOf } from "./argument-fields.ts";
import { firstProblem, problemOf, shownValue, typedValue } from "./argument-values.ts";

const only = (property: object, required = false): ArgumentField => {
  const [field] =
    fieldsOf({ type: "object", properties: { it: property }, ...(required && { required: ["it"] }) }) ?? [];
  if (field === undefined) throw new Error("no field");
  return field;
};

test.each<[string, object, string, unknown, string | undefined]>([
  ["text", { type: "string" }, " a\nb", " a\nb", undefined],
  ["text that is too long", { type: "string", maxLength: 1 }, "ab", "ab", "Expected at most 1 characters"],
  ["text that is too short", { type: "string", minLength: 3 }, "ab", "ab", "Expected at least 3 characters"],
  ["text like a number", { type: "string" }, "12", "12", undefined],
  ["a number", { type: "number" }, " 1.50 ", 1.5, undefined],
  ["a number with a comma", { type: "number" }, "1,5", "1,5", "Expected a number"],
  ["a number that is none", { type: "integer" }, "one", "one", "Expected a whole number"],
  ["a fraction of a whole number", { type: "integer" }, "1.5", 1.5, "Expected a whole number"],
  ["a number beyond all", { type: "number" }, "1e999", "1e999", "Expected a number"],
  ["a number that is too small", { type: "number", minimum: 1 }, "0", 0, "Expected 1 or more"],
  ["a number that is too large", { type: "number", maximum: 1 }, "2", 2, "Expected at most 1"],
  ["a number at its lower bound", { type: "number", exclusiveMinimum: 1 }, "1", 1, "Expected more than 1"],
  ["a number at its upper bound", { type: "number", exclusiveMaximum: 1 }, "1", 1, "Expected less than 1"],
  ["a choice", { enum: ["a", 2] }, "2", 2, undefined],
  ["a list", { type: "array" }, "[1, 2]", [1, 2], undefined],
  ["a list that is not closed", { type: "array" }, "[1,", "[1,", 'Expected a JSON list, such as ["a", "b"]'],
  ["an object that is a list", { type: "object" }, "[]", [], 'Expected a JSON object, such as {"a": 1}'],
  ["anything, as text", {}, "hello", "hello", undefined],
  ["anything, as JSON", {}, '{"a": 1}', { a: 1 }, undefined],
])("%s is read as it was typed, and judged by its schema", (_, schema, text, value, problem) => {
  const field = only(schema);
  expect(typedValue(field, text)).toEqual(value);
  expect(problemOf(field, value)).toBe(problem);
  // Also after it was shown as JSON in between.
  expect(typedValue(field, shownValue(field, value))).toEqual(value);
});

test("text that reads as JSON stays text where anything is accepted", () => {
  const field = only({});
  expect(shownValue(field, "5")).toBe('"5"');
  expect(typedValue(field, '"5"')).toBe("5");
});

test("an empty field is left out, or is what its schema has for it", () => {
  expect(typedValue(only({ type: "string" }), "")).toBeUndefined();
  expect(typedValue(only({ type: "string" }, true), "")).toBe("");
  expect(typedValue(only({ type: ["string", "null"] }, true), "")).toBeNull();
  expect(typedValue(only({ type: "number" }, true), " ")).toBeUndefined();
  expect(typedValue(only({ type: "array" }), "")).toBeUndefined();
});

test("what is required and missing is said, the first field first", () => {
  const fields = fieldsOf({
    type: "object",
    required: ["a", "b", "c"],
    properties: {
      a: { type: ["string", "null"] },
      b: { type: "string" },
      c: { type: "boolean" },
      d: { type: "number" },
    },
  });
  expect(firstProblem(fields ?? [], { a: null, b: "" })).toBe("b: Required");
  expect(firstProblem(fields ?? [], { a: null, b: "x" })).toBe("c: Required");
  expect(firstProblem(fields ?? [], { a: null, b: "x", c: false })).toBeUndefined();
  expect(firstProblem(fields ?? [], { a: null, b: "x", c: false, d: null })).toBe("d: Expected a number");
});
