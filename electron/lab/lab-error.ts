import { describeIssues, isZodError } from "../model/issue-text.ts";

/** Kind of failure: the terminal maps it to an exit code, the page to an icon. */
export type LabErrorCode =
  | "bad-input"
  | "precondition"
  | "port-taken"
  | "unhealthy"
  | "busy"
  | "unreachable"
  | "read-only"
  | "residue"
  | "unsupported"
  | "internal";

/** An error a person can act on: what was expected, what was seen and, in `hint`, what to do next. */
export class LabError extends Error {
  readonly code: LabErrorCode;
  readonly hint: string | undefined;

  constructor(code: LabErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "LabError";
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * The message of anything thrown, with the causes that fetch and pg hide in `cause` or in an AggregateError. A schema's
 * error, whose own message is JSON of its issues, is told by field.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isZodError(error)) return describeIssues(error);
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const innerMessage = inner instanceof Error ? messageOf(inner) : "";
  if (!error.message) return innerMessage || error.name;
  return innerMessage && !error.message.includes(innerMessage) ? `${error.message}: ${innerMessage}` : error.message;
}
