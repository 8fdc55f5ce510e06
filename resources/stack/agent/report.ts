/** What a run of the agent leaves behind, and answers POST /runs with. */
export interface CallError {
  /** JSON-RPC code, HTTP status of a refused request, or -32000 when the connection failed. */
  code: number;
  message: string;
  /** The gateway's word for why it refused, when it gave one: deny, expired, budgetExceeded ... */
  decision?: string;
}

export interface CallRecord {
  tool: string;
  arguments: Record<string, unknown>;
  outcome: "ok" | "error";
  /** Absent when the tool itself said that it failed: then `text` is what it said. */
  error?: CallError;
  text?: string;
  durationMs: number;
}

export interface RunReport {
  /** The gateway's session; empty when none was opened. */
  sessionId: string;
  turnId: string;
  input: string;
  /** Name of the scripted intent, `model`, or `unknown`. */
  intent: string;
  toolsListed: string[];
  calls: CallRecord[];
  answer: string;
  /** Why the run could not be carried through; a refused or failed tool call alone is no such reason. */
  error?: string;
}
