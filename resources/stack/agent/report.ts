/** The result of an agent run: the response to POST /runs. */
export interface CallError {
  /** JSON-RPC code, HTTP status of a refused request, or -32000 when the connection failed. */
  code: number;
  message: string;
  /** The gateway's decision for a refusal, if given: deny, expired, budgetExceeded ... */
  decision?: string;
}

export interface CallRecord {
  tool: string;
  arguments: Record<string, unknown>;
  outcome: "ok" | "error";
  /** Absent if the tool itself reported the failure: `text` is then its message. */
  error?: CallError;
  text?: string;
  durationMs: number;
}

export interface RunReport {
  /** The gateway's session id; empty if none was opened. */
  sessionId: string;
  turnId: string;
  input: string;
  /** Name of the scripted intent, `model`, or `unknown`. */
  intent: string;
  toolsListed: string[];
  calls: CallRecord[];
  answer: string;
  /** Why the run could not be completed; a refused or failed tool call alone does not set it. */
  error?: string;
}
