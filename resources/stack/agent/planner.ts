/** Decides which tools are called. */
import type { CallRecord } from "./report.ts";

export interface ToolDescription {
  name: string;
  description?: string | undefined;
  inputSchema: Record<string, unknown>;
}

export interface CallResult {
  record: CallRecord;
  /** The tool's structured result; `{}` if there is none. */
  structured: Record<string, unknown>;
}

/** The planner's interface to the gateway. A failed call is a result, never an exception. */
export interface Toolbox {
  tools: readonly ToolDescription[];
  /** Why tools may not be listed, such as `payments is not available (connection refused)`. */
  missing: readonly string[];
  call: (tool: string, args: Record<string, unknown>) => Promise<CallResult>;
}

export interface PlanOutcome {
  intent: string;
  answer: string;
  error?: string;
}

export interface Planner {
  /** `signal` ends the run: no further call is made and the promise settles soon after. */
  plan: (input: string, toolbox: Toolbox, signal: AbortSignal) => Promise<PlanOutcome>;
}
