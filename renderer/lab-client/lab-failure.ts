import { ORPCError } from "@orpc/client";
import { type ContractErrorCode, LAB_ERROR_CODES } from "../../electron/contract/error-codes.ts";
import type { ErrorDetail, Problem } from "../../electron/contract/errors.ts";

/** `disconnected`: the lab went away before it answered; `timeout`: it is there and has not answered in time. */
export type FailureCode = ContractErrorCode | "disconnected" | "timeout";

/** The one error that calls fail with: a message for a person and, in `hint`, what to do next. */
export class LabFailure extends Error {
  readonly code: FailureCode;
  readonly hint: string | null;
  /** Where in a document the trouble is, for an editor. */
  readonly problems: readonly Problem[];

  constructor(
    code: FailureCode,
    message: string,
    options: { hint?: string | null; problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "LabFailure";
    this.code = code;
    this.hint = options.hint ?? null;
    this.problems = options.problems ?? [];
  }
}

/** What the lab answered, as a failure; undefined when it is no answer of the lab's but a broken connection. */
export function fromAnswer(error: unknown): LabFailure | undefined {
  if (error instanceof LabFailure) return error;
  if (!(error instanceof ORPCError)) return undefined;
  const code = LAB_ERROR_CODES.find((known) => known === error.code) ?? "internal";
  // Not looked at by its schema, as no answer of the lab is here: that has been done where it was made.
  const detail: Partial<ErrorDetail> = error.data ?? {};
  return new LabFailure(code, error.message, { ...detail, cause: error });
}
