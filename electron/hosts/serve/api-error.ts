import { asLabError, type LabErrorCode } from "../../lab/lab-error.ts";
import { QueueFull } from "../../lab/queue/submit-run.ts";
import { describeIssues, isZodError } from "../../model/issue-text.ts";

/** An answer other than success. */
export class ApiError extends Error {
  readonly status: number;
  readonly detail: unknown;

  constructor(status: number, message: string, detail: unknown = message) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

const STATUS_OF: { readonly [Code in LabErrorCode]: number } = {
  "bad-input": 422,
  unsupported: 422,
  precondition: 409,
  residue: 409,
  "read-only": 503,
  busy: 503,
  unreachable: 503,
  unhealthy: 503,
  "port-taken": 503,
  internal: 500,
};

/** Anything thrown as an answer. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Error && isZodError(error)) return new ApiError(422, describeIssues(error), error.issues);
  const { code, message, hint } = asLabError(error);
  const status = error instanceof QueueFull ? 429 : STATUS_OF[code];
  return new ApiError(status, hint === undefined ? message : `${message}; ${hint}`);
}
