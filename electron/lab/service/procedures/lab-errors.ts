import { ORPCError, ValidationError } from "@orpc/server";
import type { ContractErrorCode } from "../../../contract/error-codes.ts";
import type { ErrorDetail, Problem } from "../../../contract/errors.ts";
import { describeIssues } from "../../../model/issue-text.ts";
import { DocumentError } from "../../documents/yaml-document.ts";
import { asLabError, LabError, type LabErrorCode } from "../../lab-error.ts";

/** The contract's codes are the engine's: this fails to compile when one is missing on either side. */
const CODES: { [Code in LabErrorCode]: Code } & { [Code in ContractErrorCode]: Code } = {
  "bad-input": "bad-input",
  precondition: "precondition",
  "port-taken": "port-taken",
  unhealthy: "unhealthy",
  busy: "busy",
  unreachable: "unreachable",
  "read-only": "read-only",
  residue: "residue",
  unsupported: "unsupported",
  internal: "internal",
};

const STATUS = 400;

/** Anything thrown behind the contract, as one of the contract's errors. */
export function toContractError(error: unknown): ORPCError<ContractErrorCode, ErrorDetail> {
  if (error instanceof ORPCError && isRefusedInput(error)) return refusedInput(error);
  if (error instanceof LabError) {
    return make(
      CODES[error.code],
      error.message,
      { hint: error.windowHint ?? null, problems: problemsIn(error) },
      error,
    );
  }
  if (error instanceof ORPCError && error.code === "NOT_FOUND") {
    const hint = "the page and the lab may be of different versions: load the page again";
    return make("unsupported", "the lab has no such procedure", { hint, problems: [] }, error);
  }
  const { code, message, windowHint } = asLabError(error);
  return make(CODES[code], message, { hint: windowHint ?? null, problems: [] }, error);
}

function make(code: ContractErrorCode, message: string, data: ErrorDetail, cause: unknown) {
  return new ORPCError(code, { status: STATUS, message, data, defined: true, cause });
}

function isRefusedInput(error: ORPCError<string, unknown>): boolean {
  return error.code === "BAD_REQUEST" && error.cause instanceof ValidationError;
}

function refusedInput(error: ORPCError<string, unknown>) {
  const issues = error.cause instanceof ValidationError ? error.cause.issues : [];
  const fields = issues.map(({ path = [], message }) => ({
    path: path.map((part) => (typeof part === "object" ? part.key : part)),
    message,
  }));
  const message = `the lab refuses this: ${describeIssues({ issues: fields })}`;
  return make("bad-input", message, { hint: null, problems: [] }, error);
}

function problemsIn(error: LabError): Problem[] {
  if (!(error instanceof DocumentError)) return [];
  return error.problems.map(({ line, column, message }) => ({ line, column, message }));
}
