import { isDeepStrictEqual } from "node:util";

/** Every field of `wanted` is in `reply` with the same value; objects are compared the same way, all else exactly. */
export function hasFields(reply: unknown, wanted: unknown): boolean {
  if (!isObject(wanted) || !isObject(reply)) return isDeepStrictEqual(reply, wanted);
  return Object.entries(wanted).every(([key, value]) => hasFields(reply[key], value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
