import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../model/json.ts";

/** Whether `reply` has every field of `wanted` with an equal value; nested objects likewise, all else exactly. */
export function hasFields(reply: unknown, wanted: unknown): boolean {
  if (!isObject(wanted) || !isObject(reply)) return isDeepStrictEqual(reply, wanted);
  return Object.entries(wanted).every(([key, value]) => hasFields(reply[key], value));
}
