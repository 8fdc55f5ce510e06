import { isObject } from "../../model/json.ts";

/** Objects whose keys are names of people's own, or content: their keys stay. */
const KEPT = new Set(["data", "evalSet", "thresholds", "headersFromEnv", "context", "traces", "trace"]);

/** A request in snake_case as one in camelCase; content in it, such as traces, stays as it is. */
export function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const camel = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return [camel, KEPT.has(camel) ? each : camelKeys(each)];
    }),
  );
}
