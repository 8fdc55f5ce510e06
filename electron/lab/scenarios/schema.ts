import { z } from "zod";
import { healthStatus } from "../../model/lab-event.ts";
import { duration } from "../documents/duration-field.ts";
import { faultSpec } from "../faults/fault-spec.ts";
import { check } from "./check-schema.ts";
import { calledTool, decision, json, name, path, service, serviceIs, tool } from "./scenario-fields.ts";

/** A sentence for an audience. */
const sentence = z.string().min(1).max(200);

const throughout = z
  .boolean()
  .optional()
  .describe("watched during the method too: when it breaks, the run stops and fails");
const answerWithin = duration.optional().describe("how long the answer may take (default 10s)");

const steadyHealth = z.strictObject({ service, is: healthStatus, throughout });
export type SteadyHealth = z.output<typeof steadyHealth>;
const steadyCall = z
  .strictObject({
    call: calledTool.describe(
      "called through the gateway, in a separate session and turn that no check counts; a tool's name, or any:read-only",
    ),
    arguments: json.optional(),
    is: z.literal("ok"),
    within: answerWithin,
    throughout,
  })
  .describe("a call that succeeds");
export type SteadyCall = z.output<typeof steadyCall>;
const steadyHttp = z
  .strictObject({
    http: service,
    path,
    status: z.int().optional().describe("the status expected (default: any 2xx)"),
    json: json.optional().describe("fields the reply must have"),
    within: answerWithin,
    throughout,
  })
  .describe("an HTTP answer");
export type SteadyHttp = z.output<typeof steadyHttp>;
const steady = z.union([steadyHealth, steadyCall, steadyHttp], {
  error: "a steady state is one of {service, is}, {call, is: ok} or {http, path}",
});
export type Steady = z.output<typeof steady>;

export function isHealth(steady: Steady): steady is SteadyHealth {
  return "service" in steady;
}

const common = {
  name: name.optional().describe("what the timeline calls this step"),
  say: sentence.optional().describe("what an audience reads as the step starts: what it does, and what to watch"),
  background: z.boolean().optional().describe("continue with the next step while this one runs; awaited at the end"),
};
const toolArguments = json.optional();

const awaitedHttp = z
  .strictObject({
    http: service,
    path,
    status: z.int().optional().describe("the status expected (default: any 2xx)"),
    json: json.optional().describe("fields the reply must have"),
  })
  .describe("an HTTP answer, asked for again until it is as expected");
export type AwaitedHttp = z.output<typeof awaitedHttp>;

const awaited = z.union(
  [
    duration,
    serviceIs,
    awaitedHttp,
    z.strictObject({
      decision,
      tool: tool.optional(),
      times: z.int().positive().optional().describe("rows awaited, counted from the start of the run (default 1)"),
    }),
    z.strictObject({ rows: z.int().positive().describe("total audit rows since the run started") }),
  ],
  { error: "wait for a duration, {service, is}, {http, path}, {decision, tool?, times?} or {rows}" },
);

const fieldPath = z.string().min(1);
const agentTarget = z
  .strictObject({
    url: z.url({ protocol: /^https?$/, error: "expected an http:// or https:// address" }),
    method: z.enum(["POST", "PUT", "GET"]).optional().describe("default POST; GET replaces {input} in the address"),
    body: json.optional().describe('sent as JSON, {input} in its texts replaced (default { input: "{input}" })'),
    answer: fieldPath
      .optional()
      .describe("where the reply has the answer, as a dotted path (default: answer, or all of it)"),
    session: fieldPath
      .optional()
      .describe("where the reply has the id of the agent's session at the gateway, such as session_id"),
  })
  .describe("an agent outside the stack, or one with an interface of its own");
export type AgentTarget = z.output<typeof agentTarget>;

const STEPS = {
  warm: z.strictObject({
    warm: service.describe("initialize and tools/list: fills the gateway's capability cache"),
    ...common,
  }),
  fault: z.strictObject({ fault: faultSpec, ...common }),
  undo: z.strictObject({
    undo: z.union([z.literal("all"), service]).describe("undo the faults on a service, or all"),
    ...common,
  }),
  agent: z.strictObject({
    agent: z.string().min(1).describe("what a person asks of the agent"),
    at: agentTarget.optional(),
    ...common,
  }),
  call: z.strictObject({
    call: calledTool,
    arguments: toolArguments,
    turn: name.optional(),
    is: z
      .enum(["ok", "error"])
      .optional()
      .describe("how it must end; a session that cannot be opened is an error (default: any end of the call)"),
    ...common,
  }),
  storm: z.strictObject({
    storm: calledTool,
    arguments: toolArguments,
    times: z.int().positive().max(100_000).describe("calls at the most, shared evenly by the clients"),
    clients: z
      .int()
      .positive()
      .max(256)
      .optional()
      .describe("that call concurrently, each in a separate session and turn (default 1)"),
    turn: name.optional().describe("the clients share one session and this turn"),
    until: decision.optional().describe("stop as soon as a call ends with this decision"),
    abandon: z.boolean().optional().describe("the clients leave without ending their sessions"),
    ...common,
  }),
  http: z.strictObject({
    http: service,
    path,
    method: z.enum(["GET", "POST", "PUT", "DELETE"]).optional(),
    json: json.optional(),
    status: z.int().optional().describe("the status expected (default: any 2xx)"),
    ...common,
  }),
  approve: z.strictObject({
    approve: tool.describe("click Approve on the newest message that asks for this tool"),
    by: name.optional(),
    ...common,
  }),
  decide: z.strictObject({
    decide: tool.describe("a person of the audience approves or denies the waiting call of this tool"),
    atMost: duration.optional().describe("how long the person has; then the call expires (default 60s)"),
    unattended: z
      .enum(["approve", "deny"])
      .optional()
      .describe("clicked at once where nobody watches: in a terminal, and in several runs at once (default deny)"),
    ...common,
  }),
  deny: z.strictObject({
    deny: tool.describe("click Deny on the newest message that asks for this tool"),
    by: name.optional(),
    ...common,
  }),
  wait: z.strictObject({
    wait: awaited,
    atMost: duration.optional().describe("give up after this time (default 30s)"),
    ...common,
  }),
  probe: z.strictObject({ probe: service, is: healthStatus.optional(), ...common }),
  check: z.strictObject({ check: check.describe("a check that must hold at this point"), ...common }),
} as const;

export const STEP_KINDS = Object.keys(STEPS) as (keyof typeof STEPS)[];
export type StepKind = keyof typeof STEPS;
const [firstStep, ...otherSteps] = Object.values(STEPS);
export const step = z.union([firstStep as typeof STEPS.warm, ...otherSteps], {
  error: `a step needs exactly one of: ${STEP_KINDS.join(", ")}`,
});
export type Step = z.output<typeof step>;
export type StepOf<Kind extends StepKind> = z.output<(typeof STEPS)[Kind]>;
/** Something for every kind of step: the compiler names the tables that a new kind is missing from. */
export type StepTable<Arguments extends unknown[], Result> = {
  [Kind in StepKind]: (step: StepOf<Kind>, ...rest: Arguments) => Result;
};

const linkName = z
  .string()
  .regex(/^(role:)?[\w-]+->(role:)?[\w-]+$/, { error: 'expected a link of the stack, "caller->callee"' });

/** What a call names that leaves the tool to the run; no MCP tool has a colon in its name. */
export const ANY_READ_ONLY = "any:read-only";

function isCalled(step: { name?: string | undefined; call: string }, as: string): boolean {
  return step.name === as || (step.call === as && as !== ANY_READ_ONLY);
}

/** A scenario as written in YAML: the steady state, the method and the expected results. */
export const scenario = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected words in lower case joined by hyphens" }),
    title: z.string().min(1),
    summary: z
      .string()
      .min(1)
      .optional()
      .describe("two or three sentences: what fails, what should happen, why it matters"),
    opening: sentence.optional().describe("what an audience reads before the first step"),
    closing: sentence.optional().describe("what an audience reads once the run has passed"),
    patterns: z.array(name).describe("the resilience patterns that answer the failure"),
    reading: z
      .literal("toolgate")
      .optional()
      .describe(
        "read checks as ToolGate's runner does, approve what waits for a person, and go on with services that are stopped",
      ),
    protection: name
      .optional()
      .describe("the protection that this scenario shows; run --without it to see the failure"),
    leavesOpen: z
      .literal("nothing")
      .optional()
      .describe(
        "after the rollback each call of the run has ended, once, and the services hold no more requests, streams, sockets, timers, listeners and sessions open than before",
      ),
    observe: z
      .array(
        z.union([linkName, z.strictObject({ link: linkName, bodies: z.boolean().optional() })], {
          error: "a link to observe is its name or {link, bodies}",
        }),
      )
      .min(1)
      .optional()
      .describe(
        "links whose calls are read during the run, also where nothing breaks them; with bodies, the first 64 KiB of each. Links of the stack's own fault proxy are read in any case",
      ),
    steadyState: z.array(steady).min(1).describe("holds before the method and again after the rollback"),
    method: z.array(step).min(1),
    expect: z.array(check).min(1),
  })
  .superRefine(({ method, expect }, context) => {
    expect.forEach((each, index) => {
      if (!("call" in each) || method.some((step) => "call" in step && isCalled(step, each.call))) return;
      const message =
        each.call === ANY_READ_ONLY
          ? "give the call step a name, and name that here"
          : `no call step has the name or the tool "${each.call}"`;
      context.addIssue({ code: "custom", path: ["expect", index, "call"], message });
    });
  })
  .meta({ title: "Resilience Lab scenario" });
export type Scenario = z.output<typeof scenario>;

/** The kind of a step: its field that names a kind. */
export function kindOf(value: Step): StepKind {
  return STEP_KINDS.find((kind) => kind in value) as StepKind;
}

/** What the table has for the step's kind, called with the step. */
export function byKind<Arguments extends unknown[], Result>(
  table: StepTable<Arguments, Result>,
  value: Step,
  ...rest: Arguments
): Result {
  const entry = table[kindOf(value)] as (step: Step, ...rest: Arguments) => Result;
  return entry(value, ...rest);
}
