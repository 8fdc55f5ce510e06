import type { z } from "zod";
import { describeIssues } from "../model/issue-text.ts";
import "../model/zod-messages.ts";
import { LabError } from "./lab-error.ts";

/**
 * What another program has sent, by its schema.
 * @param whose names it in the error, such as "the fault proxy's list of links"
 * @throws LabError `unsupported` that names the fields
 */
export function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  whose: string,
  hint = "check that it is the program that the stack file means, in a version that this lab knows",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new LabError("unsupported", `${whose} cannot be read: ${describeIssues(result.error)}`, {
    hint,
    cause: result.error,
  });
}
