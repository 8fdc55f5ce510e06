import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../../model/duration.ts";

const error = "expected a duration such as 500ms, 5s or 2m";
/** The fault proxy accepts no longer one, and a Node timer of more than 24 days fires at once. */
const LONGEST_MS = 24 * 60 * 60_000;

/** A duration of any length, for values that something else enforces, such as an engine; parsed to milliseconds. */
export const anyDuration = z
  .string({ error })
  .regex(DURATION_PATTERN, { error })
  .transform((text) => parseDuration(text) ?? 0);

/** A duration as written in YAML, `500ms`, `5s`, `2m`; parsed to milliseconds. */
export const duration = anyDuration
  .refine((ms) => ms <= LONGEST_MS, "expected a duration of at most 24h")
  .describe("a duration with its unit: 500ms, 5s, 2m");
