import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../../model/duration.ts";

const error = "expected a duration such as 500ms, 5s or 1m30s";
/** The fault proxy takes no longer one, and a timer of more than 24 days would end at once. */
const LONGEST_MS = 24 * 60 * 60_000;

/** A duration as written in YAML, `500ms`, `5s`, `1m30s`; in milliseconds once read. */
export const duration = z
  .string({ error })
  .regex(DURATION_PATTERN, { error })
  .transform((text) => parseDuration(text) ?? 0);

/** A duration as written in YAML, `500ms`, `5s`, `2m`; parsed to milliseconds. */
export const duration = anyDuration
  .refine((ms) => ms <= LONGEST_MS, "expected a duration of at most 24h")
  .describe("a duration with its unit: 500ms, 5s, 1m30s");
