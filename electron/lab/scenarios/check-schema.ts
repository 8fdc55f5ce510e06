import { z } from "zod";
import { isScored, SCORED_METRICS, TRAJECTORY_MATCHES } from "../../model/evaluation.ts";
import { DECISIONS } from "../../model/lab-event.ts";
import { duration } from "../documents/duration-field.ts";
import { EvalSetFile } from "../evaluation/eval-set.ts";
import { COUNTED_FAULTS } from "../faults/link-faults.ts";
import { decision, json, name, path, service, serviceIs, tool } from "./scenario-fields.ts";

const decisionRow = z
  .string()
  .regex(new RegExp(`^\\S+ (${DECISIONS.join("|")})$`), {
    error: `expected "tool decision", the decision one of ${DECISIONS.join(", ")}`,
  })
  .describe('"tool decision", such as "create_refund approvalRequired"');

/** How calls are counted: by their end, or all. */
export const CALL_ENDS = ["ok", "error", "any"] as const;
export type CallEnding = (typeof CALL_ENDS)[number];

const amount = {
  exactly: z.int().nonnegative().optional(),
  atLeast: z.int().nonnegative().optional(),
  atMost: z.int().nonnegative().optional(),
};
/** Whether an amount is given. */
export const hasAmount = (value: { exactly?: unknown; atLeast?: unknown; atMost?: unknown }) =>
  value.exactly !== undefined || value.atLeast !== undefined || value.atMost !== undefined;
const AMOUNT_MISSING = { error: "needs exactly, atLeast or atMost: without one it could not fail" };

const callEnd = z.enum(CALL_ENDS);
const count = z
  .strictObject({
    decision: decision.optional().describe("audit rows with this decision"),
    calls: callEnd.optional().describe("calls that ended like this"),
    tool: tool.optional(),
    ...amount,
  })
  .refine(hasAmount, AMOUNT_MISSING)
  .refine((value) => (value.decision === undefined) !== (value.calls === undefined), {
    error: "needs either decision or calls: what is counted",
  })
  .describe("how many audit rows have this decision, or how many calls ended like this");
const counted = z.enum([...DECISIONS, ...CALL_ENDS]);
const isCallEnd = (value: string) => (CALL_ENDS as readonly string[]).includes(value);

const SINGLE_CHECKS = {
  mustInclude: z.strictObject({
    mustInclude: z.array(tool).min(1).describe("tools called, in this order, others between them allowed"),
  }),
  mustNotInclude: z.strictObject({ mustNotInclude: z.array(tool).min(1).describe("tools that must not be called") }),
  policyOutcome: z.strictObject({ policyOutcome: decision.describe("the decision of the last audit row") }),
  mustNotContainInArgs: z.strictObject({
    mustNotContainInArgs: z.array(z.string().min(1)).min(1).describe("text that no recorded argument may contain"),
  }),
  decisions: z.strictObject({
    decisions: z.array(decisionRow).describe("all audit rows, exactly these in this order"),
  }),
  within: z.strictObject({ within: duration.describe("how long the method may take at most") }),
  service: serviceIs,
  trajectory: z.strictObject({
    trajectory: z.strictObject({
      tools: z.array(tool).min(1),
      match: z.enum(["EXACT", "IN_ORDER", "ANY_ORDER"]),
    }),
  }),
  evaluate: z.strictObject({
    evaluate: z
      .strictObject({
        metric: z.enum([...SCORED_METRICS, "latency_ms", "tool_calls"]),
        threshold: z
          .number()
          .nonnegative()
          .optional()
          .describe("the least score that passes, 0 to 1 (default 0.5); of latency_ms and tool_calls the most"),
        match: z.enum(TRAJECTORY_MATCHES).optional().describe("how the tools used are compared (default EXACT)"),
        expected: EvalSetFile.optional().describe("the expected turns: an eval set of the Agent Development Kit"),
      })
      .superRefine(({ metric, threshold, expected }, context) => {
        const issue = (message: string, field: string) => context.addIssue({ code: "custom", message, path: [field] });
        if (!isScored(metric) && threshold === undefined)
          issue(`${metric} needs a threshold: the most that passes`, "threshold");
        if (isScored(metric) && expected === undefined) issue(`${metric} needs the expected turns`, "expected");
        if (isScored(metric) && (threshold ?? 0) > 1) issue("a score is from 0 to 1", "threshold");
      })
      .describe("the turns of the run's agent, evaluated as those of a trace"),
  }),
  count: z.strictObject({ count }),
  ratio: z.strictObject({
    ratio: z
      .strictObject({ of: counted, to: counted, atMost: z.number().nonnegative() })
      .refine(({ of, to }) => isCallEnd(of) === isCallEnd(to), {
        error: `of and to are both decisions, or both of ${CALL_ENDS.join(", ")}`,
      })
      .describe("rows with one decision for each row with another, or calls, such as retry amplification"),
  }),
  answer: z.strictObject({
    answer: z
      .strictObject({ contains: z.string().min(1).optional(), lacks: z.string().min(1).optional() })
      .refine((value) => value.contains !== undefined || value.lacks !== undefined, {
        error: "needs contains or lacks: without one it could not fail",
      })
      .describe("what the last agent step answered, upper and lower case alike"),
  }),
  call: z
    .strictObject({
      call: name.describe("the name of a call step, or its tool; of several the last"),
      is: z.enum(["ok", "error"]).optional(),
      contains: z.string().min(1).optional().describe("text of its reply or error, upper and lower case alike"),
      within: duration.optional().describe("how long it may have taken"),
      atLeast: duration.optional().describe("how long it must have taken"),
    })
    .refine((value) => [value.is, value.contains, value.within, value.atLeast].some((each) => each !== undefined), {
      error: "needs is, contains, within or atLeast: without one it could not fail",
    })
    .describe("how a call step of the method ended"),
  http: z.strictObject({
    http: service,
    path,
    json: json.describe("fields the reply must have"),
  }),
  faultHit: z.strictObject({
    faultHit: z
      .union([
        z.literal("none").describe("no fault has to be hit"),
        z.strictObject({
          link: name.describe("a link of the stack file"),
          kind: z.enum(COUNTED_FAULTS).optional().describe("only faults of this kind (default: all on the link)"),
          tool: tool.optional().describe("only calls of this tool"),
          ...amount,
        }),
      ])
      .describe(
        "how often the faults on a link were hit (default: at least once). Checked implicitly for a fault that reads requests, where an agent, call or storm step follows it",
      ),
  }),
} as const;

const [firstCheck, ...otherChecks] = Object.values(SINGLE_CHECKS);
const singleCheck = z.union([firstCheck as typeof SINGLE_CHECKS.mustInclude, ...otherChecks]);

const CHECKS = {
  ...SINGLE_CHECKS,
  either: z.strictObject({
    either: z
      .array(z.array(singleCheck).min(1))
      .min(2)
      .describe("sets of checks, of which one has to hold as a whole: where a person decides what happens"),
  }),
} as const;

export const CHECK_NAMES = Object.keys(CHECKS);
export const check = z.union([firstCheck as typeof SINGLE_CHECKS.mustInclude, ...otherChecks, CHECKS.either], {
  error: `a check needs exactly one of: ${CHECK_NAMES.join(", ")}`,
});
export type Check = z.output<typeof check>;
export type CheckName = keyof typeof CHECKS;
export type CheckOf<Name extends CheckName> = z.output<(typeof CHECKS)[Name]>;

/** Something for every name of a check, called with the check. */
export function byName<Arguments extends unknown[], Result>(
  table: { [Name in CheckName]: (check: CheckOf<Name>, ...rest: Arguments) => Result },
  value: Check,
  ...rest: Arguments
): Result {
  const name = CHECK_NAMES.find((each) => each in value);
  if (name === undefined) throw new Error("a check has one of the names of checks");
  const entry = table[name as CheckName] as (check: Check, ...rest: Arguments) => Result;
  return entry(value, ...rest);
}
