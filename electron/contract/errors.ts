import type { ErrorMap } from "@orpc/contract";
import { z } from "zod";
import { type ContractErrorCode, LAB_ERROR_CODES } from "./error-codes.ts";

/** One problem of a document; lines and columns start at 1. */
export const problem = z.object({ line: z.int(), column: z.int(), message: z.string() });
export type Problem = z.infer<typeof problem>;

/** Sent with every error: what to do next, and the problems of the document it is about. */
export const errorDetail = z.object({ hint: z.string().nullable(), problems: z.array(problem) });
export type ErrorDetail = z.infer<typeof errorDetail>;

/** Every procedure fails with these only. The message is written for a person. */
export const LAB_ERRORS = Object.fromEntries(LAB_ERROR_CODES.map((code) => [code, { data: errorDetail }])) as Record<
  ContractErrorCode,
  { data: typeof errorDetail }
> satisfies ErrorMap;
