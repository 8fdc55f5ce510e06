import type { ErrorMap } from "@orpc/contract";
import { z } from "zod";
import { type ContractErrorCode, LAB_ERROR_CODES } from "./error-codes.ts";

/** One thing wrong with a document, placed for an editor: lines and columns start at 1. */
export const problem = z.object({ line: z.int(), column: z.int(), message: z.string() });
export type Problem = z.infer<typeof problem>;

/** What comes with every error: what to do next, and where in a document the trouble is. */
export const errorDetail = z.object({ cure: z.string().nullable(), problems: z.array(problem) });
export type ErrorDetail = z.infer<typeof errorDetail>;

/** Every procedure may fail with these, and with nothing else. A failure's message is written for a person. */
export const LAB_ERRORS = Object.fromEntries(LAB_ERROR_CODES.map((code) => [code, { data: errorDetail }])) as Record<
  ContractErrorCode,
  { data: typeof errorDetail }
> satisfies ErrorMap;
