import { isObject } from "../../model/json.ts";

/** Whether a document is a ToolGate suite rather than a scenario. */
export function isSuiteDocument(value: unknown): boolean {
  return isObject(value) && "cases" in value && !("method" in value);
}
