import { z } from "zod";
import { batchPlace, PACES } from "../../contract/runs.ts";
import { isScored, METRICS, TRAJECTORY_MATCHES } from "../../model/evaluation.ts";
import { isObject } from "../../model/json.ts";
import { LabError } from "../lab-error.ts";
import { writtenScenario } from "./written-scenario.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,99}$/i, "letters, digits and . _ : - only, at most 100");

/** A secret's name in a worker's environment. The prefix keeps a spec from reading other variables. */
export const SECRET_PREFIX = "RESILIENCE_LAB_SECRET_";
const secretName = z.string().regex(new RegExp(`^${SECRET_PREFIX}[A-Z0-9_]{1,80}$`), `begins with ${SECRET_PREFIX}`);
const headersFromEnv = z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), secretName).default({});
const webUrl = z.url({ protocol: /^https?$/ });

const sink = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("stdout") }),
  z.looseObject({
    kind: z.literal("file"),
    /** In the worker's folder for them. */
    path: z.string().regex(/^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/, "a relative path of letters, digits and . _ -"),
  }),
  z.looseObject({
    kind: z.literal("http_webhook"),
    url: webUrl,
    headersFromEnv,
    timeoutS: z.number().positive().max(60).default(10),
    maxAttempts: z.int().min(1).max(5).default(5),
  }),
]);
export type Sink = z.infer<typeof sink>;

const stack = z.discriminatedUnion("kind", [
  z.looseObject({ kind: z.literal("reference"), driver: z.enum(["process", "docker"]).default("process") }),
  /** A stack file that its worker names: `worker --stack NAME=FILE`. */
  z.looseObject({ kind: z.literal("named"), name }),
  /** A compose project that is up: one attempt only, since a person attached it. */
  z.looseObject({ kind: z.literal("project"), project: name }),
  /** The stack that is open in the window of a lab, which has the label `lab`; another than `project` and `driver` is refused. */
  z.looseObject({
    kind: z.literal("open"),
    lab: name,
    project: z.string().optional(),
    driver: z.enum(["process", "docker"]).optional(),
    /** On a stack that a person attached, and for a command that waits for the run. */
    hasOneAttempt: z.boolean(),
  }),
]);

/** The runs that were requested together, and how a window shows them. */
const shown = z.looseObject({
  batch: batchPlace,
  pace: z.enum(PACES),
  /** Whether a person watches it, who can be asked to decide. */
  isAttended: z.boolean(),
});
export type ShownRun = z.infer<typeof shown>;

const common = {
  /** That its worker must have. */
  labels: z.array(name).max(20).default([]),
  sinks: z.array(sink).max(10).default([]),
};

const scenarioSpec = z.looseObject({
  ...common,
  /** The id of a shipped scenario, or the text of one. */
  scenario: z.union([name, writtenScenario]),
  stack: stack.default({ kind: "reference", driver: "process" }),
  /** Protections that are switched off. */
  without: z.array(name).max(50).default([]),
  repeats: z.int().min(1).max(100).default(1),
  acceptExisting: z.boolean().default(false),
  /** Recorded without redaction: only of a lab's own data folder. */
  raw: z.boolean().optional(),
  shown: shown.optional(),
  /** Of one attempt, stack and repeats included. */
  deadlineS: z.number().positive().max(86_400).default(900),
});
export type ScenarioSpec = z.infer<typeof scenarioSpec>;

const traceTarget = z.discriminatedUnion("kind", [
  /** The content of a trace file, as JSON. */
  z.looseObject({ kind: z.literal("inline"), data: z.json() }),
  /** GET of `baseUrl/traceId`. */
  z.looseObject({
    kind: z.literal("http"),
    baseUrl: webUrl,
    traceId: z.string().regex(/^[\w.-]{1,128}$/),
    headersFromEnv,
  }),
  /** What was evaluated when it was uploaded. It is a record: it cannot be carried out again. */
  z.looseObject({ kind: z.literal("uploaded"), traceCount: z.int().min(0), traceFiles: z.array(z.string()) }),
]);

export const evalConfig = z
  .looseObject({
    metrics: z.array(z.enum(METRICS)).min(1).default(["tool_trajectory_avg_score"]),
    /** The least score that passes, of all metrics or by the name of one. */
    threshold: z.number().optional(),
    thresholds: z.record(z.string(), z.number()).default({}),
    trajectoryMatchType: z.enum(TRAJECTORY_MATCHES).default("EXACT"),
  })
  .superRefine(({ metrics, threshold, thresholds }, { addIssue }) => {
    for (const metric of metrics) {
      if (isScored(metric) || threshold !== undefined || thresholds[metric] !== undefined) continue;
      addIssue({ code: "custom", path: ["thresholds", metric], message: "expected a number: the most that passes" });
    }
  });
export type EvalConfig = z.infer<typeof evalConfig>;

const evaluationSpec = z.looseObject({
  ...common,
  target: traceTarget,
  /** In the Agent Development Kit's format. */
  evalSet: z.json().default(null),
  evalConfig: evalConfig.prefault({}),
  deadlineS: z.number().positive().max(86_400).default(300),
});
export type EvaluationSpec = z.infer<typeof evaluationSpec>;

/** What a submitted run does. Fields that are not known are kept and count for equality. */
export type RunSpec = ScenarioSpec | EvaluationSpec;

export function isEvaluation(spec: RunSpec): spec is EvaluationSpec {
  return "target" in spec;
}

/** With every default filled in. @throws ZodError; LabError for one of no kind */
export function parseSpec(given: unknown): RunSpec {
  if (!isObject(given) || !("scenario" in given || "target" in given)) {
    throw new LabError("bad-input", "spec: it has neither a scenario nor a target", {
      hint: "give the id or the text of a scenario, or traces to evaluate",
    });
  }
  const isOfTrace = "target" in given && !("scenario" in given);
  return isOfTrace ? evaluationSpec.parse(given) : scenarioSpec.parse(given);
}
