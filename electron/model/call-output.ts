import { isObject } from "./json.ts";

/** What a step of the kind `call` reports. */
export interface CallOutput {
  tool: string;
  ok: boolean;
  decision: string;
  detail: string;
  durationMs: number;
}

export function isCallOutput(output: unknown): output is CallOutput & Record<string, unknown> {
  return isObject(output) && typeof output.ok === "boolean" && typeof output.durationMs === "number";
}
