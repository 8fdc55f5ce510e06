import { isObject, parseJson } from "../../electron/model/json.ts";

/**
 * A reply as values: tools answer in texts that are JSON, also inside of JSON. Other texts stay as they are, numbers and
 * `true` too.
 */
export function layOutJson(value: unknown): unknown {
  if (typeof value === "string") {
    const parsed = /^\s*[[{]/.test(value) ? parseJson(value) : undefined;
    return parsed === undefined ? value : layOutJson(parsed);
  }
  if (Array.isArray(value)) return value.map(layOutJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, layOutJson(inner)]));
}
