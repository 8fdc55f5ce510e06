import { isObject } from "../../model/json.ts";
import { type JsonObject, listOf } from "./exact-json.ts";
import type { Attributes, AttributeValue } from "./trace.ts";

/**
 * Attributes in any of the forms that exporters write: OTLP's list of `{ key, value: { stringValue } }`, Jaeger's list of
 * `{ key, value }`, and objects, flat or nested, whose paths become names with dots.
 */
export function readAttributes(value: unknown): Attributes {
  if (isObject(value)) return flattened(value);
  const read: Record<string, AttributeValue> = {};
  for (const each of listOf(value)) {
    if (isObject(each) && typeof each.key === "string") read[each.key] = readValue(each.value);
  }
  return read;
}

function flattened(object: JsonObject, prefix = ""): Attributes {
  const read: Record<string, AttributeValue> = {};
  for (const [key, value] of Object.entries(object)) {
    if (isObject(value) && !isAnyValue(value)) Object.assign(read, flattened(value, `${prefix}${key}.`));
    else read[prefix + key] = readValue(value);
  }
  return read;
}

/** The kinds of an AnyValue: opentelemetry/proto/common/v1/common.proto. */
const ANY_VALUE: Record<string, (value: unknown) => AttributeValue> = {
  stringValue: String,
  boolValue: (value) => value === true || value === "true",
  intValue: numberOf,
  doubleValue: numberOf,
  bytesValue: String,
  arrayValue: (value) => (isObject(value) ? listOf(value.values).map(readValue) : []),
  kvlistValue: (value) => (isObject(value) ? { ...readAttributes(value.values) } : {}),
};

function isAnyValue(value: JsonObject): boolean {
  const [name, ...more] = Object.keys(value);
  return more.length === 0 && name !== undefined && camel(name) in ANY_VALUE;
}

/** An AnyValue, or plain JSON. */
export function readValue(value: unknown): AttributeValue {
  if (isObject(value)) {
    const [kind, content] = Object.entries(value).find(([, each]) => each !== null && each !== undefined) ?? [];
    const read = kind === undefined ? undefined : ANY_VALUE[camel(kind)];
    if (read !== undefined && isAnyValue(value)) return read(content);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readValue(each)]));
  }
  if (Array.isArray(value)) return value.map(readValue);
  if (typeof value === "bigint") return numberOf(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** A whole number too large for a double stays text. */
function numberOf(value: unknown): number | string {
  const number = Number(value);
  return Number.isNaN(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)) ? String(value) : number;
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
