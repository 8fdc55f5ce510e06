import type { TraceSpan } from "../trace-files/trace.ts";

/** One turn of an agent: what it was asked, which tools it used, what it answered. */
export interface Invocation {
  id: string;
  userText: string;
  /** By the start of each. */
  toolUses: readonly ToolUse[];
  finalResponse: string;
  /** Undefined where no call of a model tells. */
  tokens: { input: number; output: number } | undefined;
  /** Whether its own span has ended. */
  hasEnded: boolean;
  /** Microseconds since 1970; the end is that of the last span that has one. */
  startUs: number;
  endUs: number;
}

export interface ToolUse {
  name: string;
  arguments: Readonly<Record<string, unknown>>;
  id: string | undefined;
  /** Text of what the tool answered; undefined where no span has it. */
  response: string | undefined;
}

/** Of one trace. */
export interface ConvertedTrace {
  traceId: string;
  /** Those that count: one that is in the file twice, word for word, once. */
  spans: readonly TraceSpan[];
  invocations: readonly Invocation[];
  warnings: readonly string[];
}
