/** The kind of failure. The same codes as the engine's own errors; the page picks icon and tone by them. */
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
