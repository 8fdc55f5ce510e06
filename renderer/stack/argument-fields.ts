import { isObject } from "../../electron/model/json.ts";

interface NamedField {
  name: string;
  /** What its schema says it is for, and its bounds. */
  help: string;
  isRequired: boolean;
  /** Whether its schema accepts `null`, which is shown as an empty field. */
  isNullable: boolean;
}

export interface Bounds {
  minimum: number | undefined;
  maximum: number | undefined;
  /** Exclusive. */
  above: number | undefined;
  below: number | undefined;
}

/** One argument of a tool, as a form shows it. */
export type ArgumentField = NamedField &
  (
    | { type: "text"; minLength: number; maxLength: number }
    | ({ type: "number"; isWhole: boolean } & Bounds)
    | { type: "boolean" }
    | { type: "choice"; choices: readonly unknown[] }
    /** Of `any`, what is not JSON is text. */
    | { type: "json"; shape: "list" | "object" | "any" }
  );

type Schema = Readonly<Record<string, unknown>>;
type Shape = Pick<NamedField, "isNullable"> & DistributiveOmit<ArgumentField, keyof NamedField>;
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/** References followed from one schema to the next; one that refers to itself has no end. */
const DEPTH = 8;
const COMPOSED = ["anyOf", "oneOf", "allOf", "$ref", "if", "not", "patternProperties"];

/** The top-level properties of a tool's JSON Schema, in its order; undefined for a schema that is more than those. */
export function fieldsOf(schema: unknown): ArgumentField[] | undefined {
  if (!isObject(schema) || schema.type !== "object" || COMPOSED.some((name) => name in schema)) return undefined;
  const { properties = {}, required = [] } = schema;
  if (!isObject(properties) || !Array.isArray(required)) return undefined;
  // An argument that is required and not described can only be written as JSON.
  if (required.some((name) => !Object.hasOwn(properties, name))) return undefined;
  return Object.entries(properties).map(([name, written]) => {
    const property = resolved(written, schema);
    const shape = shapeOf(property, schema);
    const description = [written, property].map((each) => isObject(each) && each.description).find(isText) ?? "";
    const help = [description, limitsOf(shape)]
      .filter((text) => text !== "")
      .join(description.endsWith(".") ? " " : ". ");
    return { name, help, isRequired: required.includes(name), ...shape };
  });
}

/** Follows references within the document. */
function resolved(schema: unknown, root: Schema, depth = 0): Schema {
  if (!isObject(schema) || depth > DEPTH) return {};
  const [only, ...others] = Array.isArray(schema.allOf) ? (schema.allOf as unknown[]) : [];
  if (only !== undefined && others.length === 0)
    return resolved({ ...(only as Schema), ...without(schema, "allOf") }, root, depth + 1);
  if (typeof schema.$ref !== "string") return schema;
  const [start, ...names] = schema.$ref.split("/");
  const target = names.reduce<unknown>(
    (at, name) => (isObject(at) ? at[name] : undefined),
    start === "#" ? root : undefined,
  );
  return resolved({ ...(isObject(target) ? target : {}), ...without(schema, "$ref") }, root, depth + 1);
}

function without(schema: Schema, name: string): Schema {
  const { [name]: _, ...others } = schema;
  return others;
}

function shapeOf(schema: Schema, root: Schema, isNullable = false, depth = 0): Shape {
  const any = { type: "json", shape: "any", isNullable } as const;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) {
    const each = alternatives.map((alternative) => resolved(alternative, root));
    const others = each.filter(({ type }) => type !== "null");
    const orNull = isNullable || others.length < each.length;
    const [only] = others;
    if (others.length === 1 && only !== undefined && depth < DEPTH) return shapeOf(only, root, orNull, depth + 1);
    const choices = others.flatMap((other) => choicesIn(other) ?? [undefined]);
    return choices.includes(undefined) ? { ...any, isNullable: orNull } : choiceOf(choices, orNull);
  }
  const choices = choicesIn(schema);
  if (choices !== undefined) return choiceOf(choices, isNullable);
  if (Array.isArray(schema.type)) {
    const others = schema.type.filter((type) => type !== "null");
    const orNull = isNullable || others.length < schema.type.length;
    return others.length === 1 ? shapeOf({ ...schema, type: others[0] }, root, orNull) : { ...any, isNullable: orNull };
  }
  const { type, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  switch (type) {
    case "string":
      return {
        type: "text",
        isNullable,
        minLength: numberIn(minLength) ?? 0,
        maxLength: numberIn(maxLength) ?? Infinity,
      };
    case "number":
    case "integer":
      return {
        type: "number",
        isNullable,
        isWhole: type === "integer",
        minimum: boundIn(minimum),
        maximum: boundIn(maximum),
        above: boundIn(exclusiveMinimum),
        below: boundIn(exclusiveMaximum),
      };
    case "boolean":
      return { type: "boolean", isNullable };
    case "array":
      return { type: "json", shape: "list", isNullable };
    case "object":
      return { type: "json", shape: "object", isNullable };
    default:
      return any;
  }
}

function choicesIn(schema: Schema): readonly unknown[] | undefined {
  if ("const" in schema) return [schema.const];
  return Array.isArray(schema.enum) && schema.enum.length > 0 ? schema.enum : undefined;
}

function choiceOf(choices: readonly unknown[], isNullable: boolean): Shape {
  const others = choices.filter((choice) => choice !== null);
  return { type: "choice", choices: others, isNullable: isNullable || others.length < choices.length };
}

const isText = (value: unknown): value is string => typeof value === "string";
/** Generators of schemas write the largest safe integers where an integer has no bound. */
const boundIn = (value: unknown) =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
const numberIn = (value: unknown) => (typeof value === "number" ? value : undefined);

function limitsOf(shape: Shape): string {
  if (shape.type === "json" && shape.shape === "any") return "JSON, or text.";
  if (shape.type !== "number") return "";
  const { minimum, maximum, above, below } = shape;
  const parts = [
    ...(minimum === undefined ? [] : [`${minimum} or more`]),
    ...(above === undefined ? [] : [`more than ${above}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(below === undefined ? [] : [`less than ${below}`]),
  ];
  return parts.length === 0 ? "" : `${capitalised(parts.join(", "))}.`;
}

function capitalised(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
