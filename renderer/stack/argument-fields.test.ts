import { expect, test } from "vitest";
import { fieldsOf } from "./argument-fields.ts";

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
