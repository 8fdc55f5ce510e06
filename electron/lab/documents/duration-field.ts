import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../../model/duration.ts";

const error = "expected a duration such as 500ms, 5s or 1m30s";
/** The fault proxy accepts no longer one, and a Node timer of more than 24 days fires at once. */
const LONGEST_MS = 24 * 60 * 60_000;

/** A duration as written in YAML, `500ms`, `5s`, `1m30s`; parsed to milliseconds. */
export const duration = z
  .string({ error })
  .regex(DURATION_PATTERN, { error })
  .transform((text) => parseDuration(text) ?? 0)
  .refine((ms) => ms <= LONGEST_MS, "expected a duration of at most 24h")
  .describe("a duration with its unit: 500ms, 5s, 1m30s");
