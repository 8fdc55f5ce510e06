/**
 * What a finished CLI run means, by the narrowed rules of Trinity's agent server. The first rule that applies decides, and
 * its name is part of the reply: an empty result is never taken for a finished task unless the CLI has accounted for it.
 */
import type { CliOutput } from "./cli-output.ts";

export type Rule =
  | "error-type"
  | "authentication"
  | "timeout"
  | "signal"
  | "exit-code"
  | "error-result"
  | "answered"
  | "recovered-from-stream"
  | "recovered-from-session"
  | "result-lost"
  | "no-direct-output"
  | "empty";

export interface Verdict {
  status: number;
  rule: Rule;
  /** The answer, or why there is none. */
  text: string;
  /** The result line was lost and nothing recovered: the same task may be sent again. */
  recoveryAttempted?: true;
}

/** How the process ended. `code` is null after a signal. */
export interface CliEnd {
  code: number | null;
  signal: string | null;
  timedOut: boolean;
  stderr: string;
}

export const placeholder = "(Task completed with no direct output: the skill may run in a context of its own.)";
const statusByErrorType: Readonly<Record<string, number>> = {
  rate_limit: 429,
  max_turns: 422,
  authentication_failed: 503,
};
const authentication = /invalid api key|authentication[_ ]failed|not logged in|oauth token (has )?expired/i;
const rateLimit = /rate[_ ]limit|too many requests/i;
/** As a shell reports SIGINT, SIGKILL and SIGTERM. */
const signalCodes = new Set([130, 137, 143]);

/** `recovered`: the last text that the CLI's own record of the session has. `narrowed`: off, an empty result counts as done. */
export function classify(output: CliOutput, end: CliEnd, recovered: () => string, narrowed: boolean): Verdict {
  const { metadata, text } = output;
  if (end.timedOut) return { status: 504, rule: "timeout", text: "The task took longer than AGENT_CLI_TIMEOUT." };
  if (metadata.error_type !== null && statusByErrorType[metadata.error_type] !== undefined) {
    return {
      status: statusByErrorType[metadata.error_type] ?? 500,
      rule: "error-type",
      text: text || metadata.error_type,
    };
  }
  if (authentication.test(end.stderr)) return { status: 503, rule: "authentication", text: lastLine(end.stderr) };
  if (end.code === null || end.code < 0 || signalCodes.has(end.code)) {
    return { status: 504, rule: "signal", text: `The CLI was killed (${end.signal ?? `exit code ${end.code}`}).` };
  }
  if (end.code > 0) return failed(output, end);
  if (!narrowed) return { status: 200, rule: text === "" ? "no-direct-output" : "answered", text: text || placeholder };
  // Also with partial text: an error is not an answer, and must not look like a lost result, which may be repeated.
  if (metadata.is_error) return { status: 502, rule: "error-result", text: text || "The CLI reported an error." };
  if (metadata.cost_usd === null && metadata.duration_ms === null) return unaccounted(text, recovered);
  if (text !== "") return { status: 200, rule: "answered", text };
  if (metadata.cost_usd !== null) return { status: 200, rule: "no-direct-output", text: placeholder };
  return { status: 500, rule: "empty", text: "Task returned empty response" };
}

function failed({ metadata, text }: CliOutput, { code, stderr }: CliEnd): Verdict {
  const said = lastLine(stderr) || text || `The CLI ended with exit code ${code}.`;
  if (rateLimit.test(said)) return { status: 429, rule: "exit-code", text: said };
  // It spent nothing: it did not get as far as its model.
  return { status: metadata.tokens === 0 ? 503 : 500, rule: "exit-code", text: said };
}

function unaccounted(text: string, recovered: () => string): Verdict {
  if (text !== "") return { status: 200, rule: "recovered-from-stream", text };
  const kept = recovered();
  if (kept !== "") return { status: 200, rule: "recovered-from-session", text: kept };
  const why = "The CLI ended without a result: neither its cost nor its duration is known, and no text was recovered.";
  return { status: 502, rule: "result-lost", text: why, recoveryAttempted: true };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
}
