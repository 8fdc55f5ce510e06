import type { z } from "zod";

/** What a schema refuses, as one issue of any validator. */
interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

const SHOWN = 4;

/** What is wrong with a value, in one line: the field and the message of each of the first problems. */
export function describeIssues({ issues }: { issues: readonly Issue[] }): string {
  return issues
    .slice(0, SHOWN)
    .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
    .join("; ");
}

/** `runs[0].id` */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (all, part) => (typeof part === "number" ? `${all}[${part}]` : `${all}${all && "."}${String(part)}`),
    "",
  );
}

/** A zod error, told by its shape: this module, which also a halt loads, does not load zod. */
export function isZodError(error: Error): error is z.ZodError {
  return error.name === "ZodError" && "issues" in error && Array.isArray(error.issues);
}
