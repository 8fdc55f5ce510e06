import { z } from "zod";
import { DURATION_PATTERN, parseDuration } from "../events/duration.ts";

const error = "expected a duration such as 500ms, 5s or 2m";

/** A duration as written in YAML, `500ms`, `5s`, `2m`; in milliseconds once read. */
export const duration = z
  .string({ error })
  .regex(DURATION_PATTERN, { error })
  .transform((text) => parseDuration(text) ?? 0)
  .describe("a duration with its unit: 500ms, 5s, 2m");
