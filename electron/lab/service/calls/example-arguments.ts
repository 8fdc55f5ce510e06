import { isObject } from "../../../model/json.ts";

/** Of nested schemas; one that refers to itself has no end. */
const DEPTH = 4;

/** Arguments that fit a tool's JSON Schema as far as its types say: those that it requires or has a default for, to be edited by a person. */
export function exampleOf(schema: unknown, depth = 0): unknown {
  if (!isObject(schema) || depth > DEPTH) return null;
  if ("default" in schema) return schema.default;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  const [first] = [schema.anyOf, schema.oneOf].filter(Array.isArray).flat() as unknown[];
  if (first !== undefined) return exampleOf(first, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "string":
      return "";
    case "number":
    case "integer":
      return typeof schema.minimum === "number" ? schema.minimum : 1;
    case "boolean":
      return false;
    case "array":
      return [];
    case "null":
      return null;
    default:
      return objectOf(schema, depth);
  }
}

/** One that says nothing is left out. */
function hasDefault(schema: unknown): boolean {
  return isObject(schema) && schema.default !== undefined && schema.default !== null;
}

function objectOf(schema: Record<string, unknown>, depth: number): Record<string, unknown> {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const shown = Object.entries(properties).filter(
    ([name, property]) => required.includes(name) || hasDefault(property),
  );
  return Object.fromEntries(shown.map(([name, property]) => [name, exampleOf(property, depth + 1)]));
}
