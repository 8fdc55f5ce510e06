import { expect, test } from "vitest";
import { type ArgumentField, fieldsOf, firstProblem, problemOf, shownValue, typedValue } from "./argument-fields.ts";

const only = (property: object, required = false): ArgumentField => {
  const [field] =
    fieldsOf({ type: "object", properties: { it: property }, ...(required && { required: ["it"] }) }) ?? [];
  if (field === undefined) throw new Error("no field");
  return field;
};

test("each property of a tool's schema is a field of its type, in the schema's order, with what it says of itself", () => {
  const fields = fieldsOf({
    type: "object",
    required: ["amount"],
    properties: {
      charge: { type: "string", description: "The charge to refund.", maxLength: 4 },
      amount: { type: "integer", description: "In cents", minimum: 1, maximum: 500 },
      rate: { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 },
      offset: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      notify: { type: "boolean" },
      reason: { enum: ["fraud", "error"] },
      lines: { type: "array", items: { type: "object" } },
      more: { type: "object" },
      anything: {},
    },
  });
  expect(fields?.map(({ name, type, help, isRequired }) => ({ name, type, help, isRequired }))).toEqual([
    { name: "charge", type: "text", help: "The charge to refund.", isRequired: false },
    { name: "amount", type: "number", help: "In cents. 1 or more, at most 500.", isRequired: true },
    { name: "rate", type: "number", help: "More than 0, less than 1.", isRequired: false },
    { name: "offset", type: "number", help: "", isRequired: false },
    { name: "notify", type: "boolean", help: "", isRequired: false },
    { name: "reason", type: "choice", help: "", isRequired: false },
    { name: "lines", type: "json", help: "", isRequired: false },
    { name: "more", type: "json", help: "", isRequired: false },
    { name: "anything", type: "json", help: "JSON, or text.", isRequired: false },
  ]);
});

test("what generators of schemas write around a type is seen through: null, one alternative, references, constants", () => {
  const fields = fieldsOf({
    type: "object",
    $defs: { Colour: { enum: ["red", "blue"], description: "Of the line" } },
    properties: {
      orNull: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
      types: { type: ["integer", "null"] },
      referred: { $ref: "#/$defs/Colour" },
      wrapped: { allOf: [{ $ref: "#/$defs/Colour" }], description: "Of the text" },
      constants: { anyOf: [{ const: "a" }, { const: 2 }, { type: "null" }] },
      either: { anyOf: [{ type: "string" }, { type: "number" }] },
      endless: { $ref: "#/properties/endless" },
      elsewhere: { $ref: "https://example.com/schema" },
    },
  });
  expect(fields?.map((field) => [field.name, field.type, field.isNullable, field.help])).toEqual([
    ["orNull", "text", true, ""],
    ["types", "number", true, ""],
    ["referred", "choice", false, "Of the line"],
    ["wrapped", "choice", false, "Of the text"],
    ["constants", "choice", true, ""],
    ["either", "json", false, "JSON, or text."],
    ["endless", "json", false, "JSON, or text."],
    ["elsewhere", "json", false, "JSON, or text."],
  ]);
  expect(fields?.[4]).toMatchObject({ choices: ["a", 2] });
});

test.each([
  ["of no object", { type: "array" }],
  ["of alternatives", { type: "object", properties: {}, anyOf: [{ required: ["a"] }, { required: ["b"] }] }],
  ["that refers to another", { $ref: "#/$defs/It", $defs: { It: { type: "object" } } }],
  ["that requires what it does not describe", { type: "object", properties: {}, required: ["a"] }],
  ["that is none", "text"],
])("a schema %s has no form", (_, schema) => {
  expect(fieldsOf(schema)).toBeUndefined();
});

test("a schema without properties has a form without fields", () => {
  expect(fieldsOf({ type: "object" })).toEqual([]);
});

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
