import type { z } from "zod";
import { describeIssues } from "../../model/issue-text.ts";
import "../../model/zod-messages.ts";
import { messageOf } from "../lab-error.ts";
import { BundleProblem } from "./bundle-problem.ts";

type Malformed = "bad manifest" | "bad run" | "bad event" | "bad telemetry";

export function parsedJson(text: string, location: string, reason: Malformed): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BundleProblem(reason, `${location} is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

export function checked<Shape extends z.ZodType>(
  shape: Shape,
  value: unknown,
  location: string,
  reason: Malformed,
): z.infer<Shape> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  throw new BundleProblem(reason, `${location}: ${describeIssues(result.error)}`);
}
