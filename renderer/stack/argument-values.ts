import { isObject, parseJson } from "../../electron/model/json.ts";
import type { ArgumentField, Bounds } from "./argument-fields.ts";

/** The value of an argument as its field shows it. */
export function shownValue(field: ArgumentField, value: unknown): string {
  if (value === undefined || (value === null && field.isNullable)) return "";
  if (field.type === "choice") return JSON.stringify(value);
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  return field.type === "json" && field.shape === "any" && parseJson(value) !== undefined
    ? JSON.stringify(value)
    : value;
}

/**
 * What was typed into a field as the argument's value, undefined for none. What does not fit is its own text, which
 * {@link problemOf} refuses: so the form and the JSON hold the same at any time.
 */
export function typedValue(field: ArgumentField, text: string): unknown {
  if (text.trim() === "" && (text === "" || field.type !== "text")) return emptyValue(field);
  if (field.type === "text") return text;
  if (field.type === "number") {
    const number = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    return Number.isFinite(number) ? number : text;
  }
  const value = parseJson(text);
  return value === undefined ? text : value;
}

function emptyValue({ type, isRequired, isNullable }: ArgumentField): unknown {
  if (!isRequired) return undefined;
  if (isNullable) return null;
  return type === "text" ? "" : undefined;
}

/** Why a value does not fit its field; undefined when it does. */
export function problemOf(field: ArgumentField, value: unknown): string | undefined {
  if (value === undefined || (value === "" && field.type === "text")) return field.isRequired ? "Required" : undefined;
  if (value === null && field.isNullable) return undefined;
  switch (field.type) {
    case "text":
      return typeof value === "string" ? lengthProblem(field, value) : "Expected text";
    case "number":
      return numberProblem(field, value);
    case "boolean":
      return typeof value === "boolean" ? undefined : "Expected true or false";
    case "choice": {
      const text = JSON.stringify(value);
      return field.choices.some((choice) => JSON.stringify(choice) === text)
        ? undefined
        : "Expected one of the choices";
    }
    case "json":
      if (field.shape === "list") return Array.isArray(value) ? undefined : 'Expected a JSON list, such as ["a", "b"]';
      if (field.shape === "object") return isObject(value) ? undefined : 'Expected a JSON object, such as {"a": 1}';
      return undefined;
  }
}

function lengthProblem({ minLength, maxLength }: { minLength: number; maxLength: number }, text: string) {
  const { length } = [...text];
  if (length < minLength) return `Expected at least ${minLength} characters`;
  return length > maxLength ? `Expected at most ${maxLength} characters` : undefined;
}

function numberProblem(field: Bounds & { isWhole: boolean }, value: unknown): string | undefined {
  const { isWhole, minimum = -Infinity, maximum = Infinity, above = -Infinity, below = Infinity } = field;
  if (typeof value !== "number") return `Expected a ${isWhole ? "whole " : ""}number`;
  if (isWhole && !Number.isInteger(value)) return "Expected a whole number";
  if (value < minimum) return `Expected ${minimum} or more`;
  if (value <= above) return `Expected more than ${above}`;
  if (value > maximum) return `Expected at most ${maximum}`;
  return value >= below ? `Expected less than ${below}` : undefined;
}

/** The first field whose argument does not fit, and why: `amount: Expected a number`. */
export function firstProblem(fields: readonly ArgumentField[], given: Readonly<Record<string, unknown>>) {
  for (const field of fields) {
    const problem = problemOf(field, given[field.name]);
    if (problem !== undefined) return `${field.name}: ${problem}`;
  }
  return undefined;
}
