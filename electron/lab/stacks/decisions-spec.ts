import { z } from "zod";
import { DECISIONS } from "../../model/lab-event.ts";

/** What a decision may consist of: where a row of a query, or a line of a log, has it. */
export const DECISION_FIELDS = [
  "tool",
  "decision",
  "at",
  "arguments",
  "reason",
  "backend",
  "session",
  "turn",
  "call",
  "durationMs",
  "trace",
  "span",
] as const;
export type DecisionField = (typeof DECISION_FIELDS)[number];

const column = z.string().min(1);
const fieldPath = z.string().min(1);
/** With `pattern` the value is what its first group matches. */
const logField = z.union([
  fieldPath,
  z.strictObject({
    path: fieldPath,
    pattern: z
      .string()
      .max(500)
      .refine(hasGroup, { error: "expected a regular expression with one group, such as ^tool (\\S+)" }),
  }),
]);

const words = z
  .record(z.string(), z.enum([...DECISIONS, "ignore"]))
  .optional()
  .describe(
    "what its words for a decision mean; rows with one of `ignore` are no decisions. Without it: the lab's own",
  );

const fieldsOf = <Field extends z.ZodType>(field: Field) => ({
  tool: field,
  decision: field,
  arguments: field.optional(),
  reason: field.optional(),
  backend: field.optional(),
  session: field.optional(),
  turn: field.optional(),
  call: field.optional(),
  durationMs: field.optional(),
  trace: field.optional(),
  span: field.optional(),
});

const query = z.strictObject({
  postgres: z.string().min(1).describe("the service that is the database"),
  url: z
    .string()
    .regex(/^postgres(?:ql)?:.*\{address\}/, {
      error: "expected a URL such as postgres://reader@{address}/app",
    })
    .describe("{address} is filled in; variables of the environment, too"),
  query: z
    .string()
    .regex(/^\s*(?:select|with)\s/i, { error: "expected a SELECT" })
    .describe("gives a row for each decision; run in read-only transactions"),
  order: column.describe("a column of integers that grow with each row, such as a bigserial"),
  fields: z.strictObject({ ...fieldsOf(column), at: column.describe("when it was decided: a timestamptz") }),
  words,
});

const log = z.strictObject({
  log: z.string().min(1).describe("the service whose output has a JSON object a line"),
  where: z
    .record(fieldPath, z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe("only lines with these values; without it: those with a decision"),
  fields: z.strictObject({
    ...fieldsOf(logField),
    at: logField.optional().describe("default: when the line was printed"),
  }),
  words,
});

/** Where decisions are read, for a stack whose gateway has no audit table of the reference stack's form. */
export const decisionsSpec = z.union([query, log], {
  error: "expected {postgres, url, query, order, fields} or {log, fields}",
});
export type DecisionsSpec = z.output<typeof decisionsSpec>;
export type QueriedDecisions = z.output<typeof query>;
export type LoggedDecisions = z.output<typeof log>;

export function isQueried(spec: DecisionsSpec): spec is QueriedDecisions {
  return "query" in spec;
}

/** The service that has the decisions. */
export function serviceOfDecisions(spec: DecisionsSpec): string {
  return isQueried(spec) ? spec.postgres : spec.log;
}

/** For messages. */
export function describeDecisions(spec: DecisionsSpec): string {
  return isQueried(spec) ? `the query on ${spec.postgres}` : `the log of ${spec.log}`;
}

/** The decisions that it can report: those that its words mean, or all. */
export function reportedDecisions({ words: known }: DecisionsSpec): readonly string[] {
  return known === undefined ? DECISIONS : DECISIONS.filter((each) => Object.values(known).includes(each));
}

function hasGroup(pattern: string): boolean {
  try {
    return (new RegExp(`${pattern}|`).exec("")?.length ?? 0) === 2;
  } catch {
    return false;
  }
}
