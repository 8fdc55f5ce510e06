import { isObject, parseJson } from "../../model/json.ts";

/** An object, or its JSON; empty for anything else. */
export function argumentsOf(value: unknown): Record<string, unknown> {
  const object = parsed(value);
  return isObject(object) ? object : {};
}

/** A value that may have been written as JSON text; such text as it is when it is none. */
export function parsed(value: unknown): unknown {
  return typeof value === "string" ? (parseJson(value) ?? value) : value;
}
