import { isRecord } from "../documents/is-record.ts";

/** Whether a document is a ToolGate suite rather than a scenario. */
export function isSuiteDocument(value: unknown): boolean {
  return isRecord(value) && "cases" in value && !("method" in value);
}
