import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHECK_NAMES } from "./check-schema.ts";
import { STEP_KINDS } from "./schema.ts";
import { SCHEMA_FILE, scenarioSchemaText } from "./write-schema.ts";

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  pattern?: string;
  description?: string;
  additionalProperties?: unknown;
}

const schema: Schema = JSON.parse(scenarioSchemaText());

test("the schema that editors use is current; if not: npm run schema", () => {
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(scenarioSchemaText());
});

test("has every kind of step and check, with a description", () => {
  const namesIn = (of: Schema | undefined) => of?.items?.anyOf?.flatMap((form) => Object.keys(form.properties ?? {}));
  expect(namesIn(schema.properties?.method)).toEqual(expect.arrayContaining([...STEP_KINDS]));
  expect(namesIn(schema.properties?.expect)).toEqual(expect.arrayContaining(CHECK_NAMES));
  expect(schema.properties?.steadyState?.description).toContain("before the method");
});

test("describes the input form: durations are strings, unknown fields are refused, optional ones not required", () => {
  const within = schema.properties?.expect?.items?.anyOf?.find((form) => form.properties?.within)?.properties?.within;
  expect(within?.type).toBe("string");
  expect(new RegExp(within?.pattern ?? "").test("500ms")).toBe(true);
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["id", "title", "patterns", "steadyState", "method", "expect"]);
});
