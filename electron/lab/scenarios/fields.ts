import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../model/json.ts";

/** Every field of `wanted` is in `reply` with the same value; objects are compared the same way, all else exactly. */
export function hasFields(reply: unknown, wanted: unknown): boolean {
  if (!isObject(wanted) || !isObject(reply)) return isDeepStrictEqual(reply, wanted);
  return Object.entries(wanted).every(([key, value]) => hasFields(reply[key], value));
}
