/**
 * The messages of every zod schema of a service, for people who write a policy file or read a tool's error: zod's own name
 * JavaScript types. Importing this module sets them.
 */
import { z } from "zod";

z.config({ localeError: (issue) => messageOf(issue) });

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

function messageOf(issue: RawIssue): string {
  const seen = issue.input === undefined ? "but it is missing" : `found ${nameOfValue(issue.input)}`;
  switch (issue.code) {
    case "invalid_type":
      return `expected ${typeNames[issue.expected] ?? issue.expected}, ${seen}`;
    case "invalid_value":
      return `expected ${issue.values.join(", ").replace(/, (?=[^,]*$)/, " or ")}, ${seen}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${amount(issue.minimum, issue.origin)}, ${seen}`;
    case "too_big":
      return `expected at most ${amount(issue.maximum, issue.origin)}, ${seen}`;
    case "unrecognized_keys":
      return `unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    default:
      return `this value is not accepted here, ${seen}`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of fields",
  record: "a map of fields",
};

function amount(count: number | bigint, origin: string): string {
  if (origin === "string") return `${count} ${count === 1 ? "character" : "characters"}`;
  if (origin === "array") return `${count} ${count === 1 ? "entry" : "entries"}`;
  return String(count);
}

const longestShown = 60;

function nameOfValue(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a map of fields";
  return JSON.stringify(typeof value === "string" ? value.slice(0, longestShown) : value) ?? typeof value;
}
