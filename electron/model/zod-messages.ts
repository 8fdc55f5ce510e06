import { z } from "zod";

/**
 * The messages of every zod schema that does not bring its own, for people who write YAML or read an error in the window:
 * zod's defaults name JavaScript types. Importing this module sets them.
 */
z.config({ localeError: (issue) => issueMessage(issue) });

export const NO_FORM_FITS = "this is not one of the forms that are accepted here";

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

function issueMessage(issue: RawIssue): string {
  const missing = issue.input === undefined;
  switch (issue.code) {
    case "invalid_type": {
      const expected = `expected ${typeName(issue.expected)}`;
      return missing ? `${expected}, but it is missing` : `${expected}, found ${nameOfValue(issue.input)}`;
    }
    case "invalid_value":
      return `expected ${listed(issue.values)}${missing ? ", but it is missing" : ""}`;
    case "too_small":
      return smallest(issue.origin, Number(issue.minimum), issue.inclusive ?? true);
    case "too_big":
      return largest(issue.origin, Number(issue.maximum), issue.inclusive ?? true);
    case "invalid_format":
      return formatMessage(issue);
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "unrecognized_keys":
      return unknownFields(issue.keys, fieldsOf(issue.inst));
    case "invalid_key":
      return "this field name is not accepted here";
    case "invalid_element":
      return "this entry is not accepted here";
    case "invalid_union":
      return NO_FORM_FITS;
    default:
      return "this value is not accepted here";
  }
}

/** @param known what the object may have; none where nobody can say */
export function unknownFields(keys: readonly string[], known: readonly string[]): string {
  const message = `unknown field ${keys.map((key) => `"${key}"`).join(", ")}`;
  return known.length === 0 ? message : `${message}${KNOWN_FIELDS}${known.join(", ")})`;
}

/** The message of an issue about several fields, for one of them. */
export function ofOneField(message: string, key: string): string {
  const known = message.lastIndexOf(KNOWN_FIELDS);
  return `${unknownFields([key], [])}${known === -1 ? "" : message.slice(known)}`;
}

const KNOWN_FIELDS = " (known fields are ";

function fieldsOf(schema: RawIssue["inst"]): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  bigint: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a map of fields",
  record: "a map of fields",
  null: "nothing",
  undefined: "nothing",
  nan: "something that is not a number",
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function nameOfValue(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value) && !Number.isNaN(value)) return "a fraction";
  return typeName(Number.isNaN(value) ? "nan" : typeof value);
}

function listed(values: readonly unknown[]): string {
  const names = values.map((value) => (typeof value === "string" ? `"${value}"` : String(value)));
  const last = names.at(-1) ?? "nothing";
  return names.length <= 1 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}

function smallest(origin: string, minimum: number, inclusive: boolean): string {
  if (origin === "string") return minimum === 1 ? "must not be empty" : `expected at least ${minimum} characters`;
  if (origin === "array" || origin === "set") {
    return minimum === 1 ? "expected at least one entry" : `expected at least ${minimum} entries`;
  }
  return inclusive ? `expected ${minimum} or more` : `expected more than ${minimum}`;
}

function largest(origin: string, maximum: number, inclusive: boolean): string {
  if (origin === "string") return `expected at most ${maximum} characters`;
  if (origin === "array" || origin === "set") return `expected at most ${maximum} entries`;
  return inclusive ? `expected ${maximum} or less` : `expected less than ${maximum}`;
}

function formatMessage(issue: Extract<RawIssue, { code: "invalid_format" }>): string {
  if (issue.format === "starts_with") return `expected text that begins with "${issue.prefix}"`;
  if (issue.format === "regex") return "this text does not have the form that is accepted here";
  if (issue.format === "ipv4") return "expected an IPv4 address";
  return `expected ${issue.format}`;
}
