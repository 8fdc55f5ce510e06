import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { type Evaluation, evaluateTrace } from "../../lab/evaluation/evaluate.ts";
import { messageOf } from "../../lab/lab-error.ts";
import { evaluationRequest, evaluationResults } from "../../lab/queue/execute-evaluation.ts";
import { summaryOf } from "../../lab/queue/run-result.ts";
import { evalConfig } from "../../lab/queue/run-spec.ts";
import { readTraceFile } from "../../lab/trace-files/read-trace-file.ts";
import type { Trace } from "../../lab/trace-files/trace.ts";
import { ApiError } from "./api-error.ts";
import type { ApiRoute, ApiStorage } from "./api-route.ts";
import { camelKeys } from "./camel-keys.ts";
import { EventStream } from "./event-stream.ts";
import { readForm, readJson } from "./read-body.ts";

const jsonBody = z.strictObject({
  traces: z.array(z.json()).min(1).describe("Contents of trace files, as JSON."),
  evalSet: z.json().optional().describe("In the Agent Development Kit's format."),
  config: evalConfig.optional(),
});

interface Uploaded {
  files: { name: string; bytes: Uint8Array }[];
  evalSet: unknown;
  config: z.infer<typeof evalConfig>;
}

type Progress = (event: "trace", data: { index: number; traces: number; trace: unknown }) => Promise<void>;

const STATUSES = { 200: "the evaluations", 413: "too large", 415: "another content type", 422: "invalid" };

export const EVALUATE_ROUTES: readonly ApiRoute[] = [
  route("/api/evaluate", "Evaluate uploaded trace files: fields trace_files, eval_set_file, config.", fromForm),
  route("/api/evaluate/json", "Evaluate traces in the body.", fromJson, jsonBody),
  streamed("/api/evaluate/stream", "As /api/evaluate, each trace as it is evaluated.", fromForm),
  streamed("/api/evaluate/json/stream", "As /api/evaluate/json, each trace as it is evaluated.", fromJson, jsonBody),
];

type Read = (request: IncomingMessage) => Promise<Uploaded>;

function route(path: string, summary: string, read: Read, body?: z.ZodType): ApiRoute {
  return {
    method: "POST",
    path,
    summary,
    statuses: STATUSES,
    ...(body === undefined ? {} : { body }),
    async handle({ request, optionalStorage }) {
      const { signal } = new AbortController();
      return { data: await evaluate(await read(request), optionalStorage, signal, async () => {}) };
    },
  };
}

function streamed(path: string, summary: string, read: Read, body?: z.ZodType): ApiRoute {
  return {
    ...route(path, summary, read, body),
    produces: "text/event-stream",
    async handle({ request, response, optionalStorage }) {
      const uploaded = await read(request);
      const stream = new EventStream(response);
      try {
        const report: Progress = (event, data) => stream.send({ event, data });
        const result = await evaluate(uploaded, optionalStorage, stream.signal, report);
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
  const request = evaluationRequest(config, evalSet, signal);
  const errors: string[] = [];
  const traces = files.flatMap(({ name, bytes }) => tracesIn(name, bytes, errors));
  const evaluations: Evaluation[] = [];
  for (const [index, trace] of traces.entries()) {
    signal.throwIfAborted();
    const evaluation = await evaluateTrace(trace, request);
    evaluations.push(evaluation);
    await report("trace", { index, traces: traces.length, trace: toWire(evaluation) });
  }
  const runId = await record(files, config, evaluations, errors, storage);
  return {
    traces: evaluations.map(toWire),
    errors,
    performance_metrics: evaluations.map(({ performance }) => performance),
    ...(runId === undefined ? {} : { runId }),
  };
}

function tracesIn(name: string, bytes: Uint8Array, errors: string[]): readonly Trace[] {
  try {
    const { traces, problems } = readTraceFile(bytes);
    errors.push(...problems.map((problem) => `${name}: ${problem}`));
    if (traces.length === 0) errors.push(`${name}: it has no traces`);
    return traces;
  } catch (error) {
    errors.push(`${name}: ${messageOf(error)}`);
    return [];
  }
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
