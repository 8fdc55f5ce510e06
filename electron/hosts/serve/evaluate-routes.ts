import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { Evaluation } from "../../lab/evaluation/evaluate.ts";
import { messageOf } from "../../lab/lab-error.ts";
import { evaluateOnThread } from "../../lab/queue/evaluation-thread.ts";
import { evaluationResults } from "../../lab/queue/execute-evaluation.ts";
import { summaryOf } from "../../lab/queue/run-result.ts";
import { evalConfig } from "../../lab/queue/run-spec.ts";
import { ApiError } from "./api-error.ts";
import type { ApiRoute, ApiStorage } from "./api-route.ts";
import { camelKeys } from "./camel-keys.ts";
import { EventStream } from "./event-stream.ts";
import { readForm, readJson } from "./read-body.ts";
import { Turns } from "./turns.ts";

const jsonBody = z.strictObject({
  traces: z.array(z.json()).min(1).describe("Contents of trace files, as JSON."),
  evalSet: z.json().optional().describe("In the Agent Development Kit's format."),
  config: evalConfig.optional(),
});

const JSON_BODY = { body: jsonBody };
const FILE = { type: "string", format: "binary" };
const FORM = {
  form: {
    type: "object",
    required: ["trace_files"],
    properties: {
      trace_files: { type: "array", items: FILE },
      eval_set_file: FILE,
      config: { type: "string", description: "JSON, as `config` of /api/evaluate/json." },
    },
  },
};

interface Uploaded {
  files: { name: string; bytes: Uint8Array }[];
  evalSet: unknown;
  config: z.infer<typeof evalConfig>;
}

type Progress = (event: "trace", data: { index: number; traces: number; trace: unknown }) => Promise<void>;

/** Each has a thread of its own. */
const AT_ONCE = 2;
const WAITING_LIMIT = 16;
const STATUSES = {
  200: "the evaluations",
  422: "invalid",
  503: "too many wait already",
};

export function evaluateRoutes(): readonly ApiRoute[] {
  const turns = new Turns(AT_ONCE, WAITING_LIMIT);
  return [
    route(turns, "/api/evaluate", "Evaluate uploaded trace files.", fromForm, FORM),
    route(turns, "/api/evaluate/json", "Evaluate traces in the body.", fromJson, JSON_BODY),
    streamed(turns, "/api/evaluate/stream", "As /api/evaluate, each trace as it is evaluated.", fromForm, FORM),
    streamed(
      turns,
      "/api/evaluate/json/stream",
      "As /api/evaluate/json, each trace as it is evaluated.",
      fromJson,
      JSON_BODY,
    ),
  ];
}

type Read = (request: IncomingMessage) => Promise<Uploaded>;

function route(
  turns: Turns,
  path: string,
  summary: string,
  read: Read,
  body: Pick<ApiRoute, "body" | "form">,
): ApiRoute {
  return {
    method: "POST",
    path,
    summary,
    statuses: STATUSES,
    ...body,
    async handle({ request, response, optionalStorage }) {
      const uploaded = await read(request);
      const left = new AbortController();
      response.once("close", () => left.abort(new Error("the listener is gone")));
      return {
        data: await turns.take(left.signal, () => evaluate(uploaded, optionalStorage, left.signal, async () => {})),
      };
    },
  };
}

function streamed(
  turns: Turns,
  path: string,
  summary: string,
  read: Read,
  body: Pick<ApiRoute, "body" | "form">,
): ApiRoute {
  return {
    ...route(turns, path, summary, read, body),
    produces: "text/event-stream",
    async handle({ request, response, optionalStorage }) {
      const uploaded = await read(request);
      const stream = new EventStream(response);
      try {
        const report: Progress = (event, data) => stream.send({ event, data });
        const result = await turns.take(stream.signal, () =>
          evaluate(uploaded, optionalStorage, stream.signal, report),
        );
        await stream.send({ event: "done", data: { done: true, result } });
      } catch (error) {
        await stream.send({ event: "error", data: { error: messageOf(error) } });
      }
      stream.end();
      return undefined;
    },
  };
}

async function fromForm(request: IncomingMessage): Promise<Uploaded> {
  const { files, fields } = await readForm(request);
  const evalSet = files.find(({ field }) => field === "eval_set_file");
  const traces = files.filter((file) => file !== evalSet);
  if (traces.length === 0) throw new ApiError(422, "there is no trace file in the form");
  const config = fields.get("config");
  return {
    files: traces,
    evalSet: evalSet === undefined ? undefined : parsed(Buffer.from(evalSet.bytes).toString("utf8"), evalSet.name),
    config: evalConfig.parse(config === undefined ? {} : camelKeys(parsed(config, "config"))),
  };
}

async function fromJson(request: IncomingMessage): Promise<Uploaded> {
  const { traces, evalSet, config } = jsonBody.parse(camelKeys(await readJson(request)));
  return {
    files: traces.map((trace, index) => ({ name: `traces[${index}]`, bytes: Buffer.from(JSON.stringify(trace)) })),
    evalSet,
    config: config ?? evalConfig.parse({}),
  };
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(422, `${name} is not JSON`);
  }
}

async function evaluate(
  { files, evalSet, config }: Uploaded,
  storage: ApiStorage | undefined,
  signal: AbortSignal,
  report: Progress,
) {
  const { evaluations, problems: errors } = await evaluateOnThread(
    { files, config, evalSet },
    signal,
    (evaluation, at) => report("trace", { ...at, trace: toWire(evaluation) }),
  );
  const runId = await record(files, config, evaluations, errors, storage);
  return {
    traces: evaluations.map(toWire),
    errors,
    performance_metrics: evaluations.map(({ performance }) => performance),
    ...(runId === undefined ? {} : { runId }),
  };
}

/** What was evaluated at once is a run, too. That it cannot be kept does not keep its answer back. */
async function record(
  files: Uploaded["files"],
  config: Uploaded["config"],
  evaluations: readonly Evaluation[],
  errors: string[],
  storage: ApiStorage | undefined,
): Promise<string | undefined> {
  if (storage === undefined) return undefined;
  const runId = randomUUID();
  const target = { kind: "uploaded", traceCount: evaluations.length, traceFiles: files.map(({ name }) => name) };
  const spec = { target, evalConfig: config, evalSet: null, labels: [], sinks: [], deadlineS: 300 };
  const { results, outcome, reason } = evaluationResults(runId, evaluations);
  const summary = summaryOf(results, { trace_count: evaluations.length, errors });
  const ending = errors.length > 0 ? { outcome: "error" as const, reason: errors[0] ?? "" } : { outcome, reason };
  try {
    await storage.queue.record(
      { runId, spec, labels: [], maxAttempts: 1, deadlineMs: 300_000 },
      { ...ending, summary },
      results,
    );
    return runId;
  } catch (error) {
    errors.push(`the evaluation could not be recorded: ${messageOf(error)}`);
    return undefined;
  }
}

const STATUS_NAMES = { passed: "PASSED", failed: "FAILED", errored: "NOT_EVALUATED" } as const;

function toWire({ traceId, invocations, warnings, metrics, performance }: Evaluation) {
  return {
    trace_id: traceId,
    num_invocations: invocations.length,
    conversion_warnings: warnings,
    metrics: metrics.map(({ metric, score, status, perInvocation, durationMs, error, comparisons, details }) => ({
      metric_name: metric,
      score,
      eval_status: STATUS_NAMES[status],
      per_invocation_scores: perInvocation,
      duration_ms: durationMs,
      error: error ?? null,
      details: { ...details, ...(comparisons === undefined ? {} : { comparisons }) },
    })),
    performance_metrics: performance,
  };
}
