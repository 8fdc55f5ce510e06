import { ORPCError } from "@orpc/client";
import { type ContractErrorCode, LAB_ERROR_CODES } from "../../electron/contract/error-codes.ts";
import type { ErrorDetail, Problem } from "../../electron/contract/errors.ts";

/** `disconnected`: the connection was lost before the answer; `timeout`: the lab is connected and has not answered in time. */
export type FailureCode = ContractErrorCode | "disconnected" | "timeout";

/** The only error of calls: a message for a person and, in `hint`, the next step. */
export class LabFailure extends Error {
  readonly code: FailureCode;
  readonly hint: string | null;
  /** Problems of a document with their positions, for an editor. */
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

/** What failed, and what to do about it. */
export function failureText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof LabFailure ? error.hint : null;
  return hint === null ? message : `${message}. Fix: ${hint}.`;
}

/** The lab's error answer as a failure; undefined for a broken connection. */
export function fromAnswer(error: unknown): LabFailure | undefined {
  if (error instanceof LabFailure) return error;
  if (!(error instanceof ORPCError)) return undefined;
  const code = LAB_ERROR_CODES.find((known) => known === error.code) ?? "internal";
  // Not validated here: the lab's answers are validated where they are created.
  const detail: Partial<ErrorDetail> = error.data ?? {};
  return new LabFailure(code, error.message, { ...detail, cause: error });
}
