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

/** What to do next: the same everywhere, or by the host: commands and options in a terminal, buttons and pages in a window. */
export type Hint = string | { terminal: string; window: string };

export interface LabErrorOptions {
  hint?: Hint;
  cause?: unknown;
}

/** An error a person can act on: what was expected, what was seen and, in `hint`, what to do next. */
export class LabError extends Error {
  readonly code: LabErrorCode;
  /** For a terminal. */
  readonly hint: string | undefined;
  readonly windowHint: string | undefined;

  constructor(code: LabErrorCode, message: string, { hint, cause }: LabErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "LabError";
    this.code = code;
    this.hint = typeof hint === "object" ? hint.terminal : hint;
    this.windowHint = typeof hint === "object" ? hint.window : hint;
  }
}

/** In the place of fetch's "bad port". The list of ports: fetch.spec.whatwg.org/#port-blocking. */
const BLOCKED_PORT =
  "browsers and fetch never ask this port, which another protocol is known by: let the service answer on another one";

/**
 * The message of anything thrown, with the causes that fetch and pg hide in `cause` or in an AggregateError. A schema's
 * error, whose own message is JSON of its issues, is told by field.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isZodError(error)) return describeIssues(error);
  if (error.message === "bad port") return BLOCKED_PORT;
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const innerMessage = inner instanceof Error ? messageOf(inner) : "";
  if (!error.message) return innerMessage || error.name;
  return innerMessage && !error.message.includes(innerMessage) ? `${error.message}: ${innerMessage}` : error.message;
}

/** Codes of the operating system and of SQLite for a disk, or a quota, without space. */
const FULL_DISK = ["ENOSPC", "EDQUOT", "SQLITE_FULL"];

export const MAKE_SPACE = "make space on that disk, or point RESILIENCE_LAB_HOME at a folder on another one";

/** Anything thrown as a LabError: itself, a full disk with its next step, or else `internal`. */
export function asLabError(error: unknown): LabError {
  if (error instanceof LabError) return error;
  const hint = isFullDisk(error) ? { hint: MAKE_SPACE } : {};
  return new LabError("internal", messageOf(error), { ...hint, cause: error });
}

export function isFullDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && FULL_DISK.includes(String(error.code));
}
