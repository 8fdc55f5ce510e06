import type { ErrorMap } from "@orpc/contract";
import { z } from "zod";

/** What kind of failure it is. The same words as the engine's own errors; the page picks icon and tone by them. */
export const LAB_ERROR_CODES = [
  "bad-input",
  "precondition",
  "port-taken",
  "unhealthy",
  "busy",
  "unreachable",
  "read-only",
  "residue",
  "unsupported",
  "internal",
] as const;
export type ContractErrorCode = (typeof LAB_ERROR_CODES)[number];

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
