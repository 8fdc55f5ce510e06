import { writeFile } from "node:fs/promises";
import { readWholeFile } from "../../lab/documents/read-whole-file.ts";
import { EVAL_SET_LIMIT, readEvalSet } from "../../lab/evaluation/eval-set.ts";
import { evaluateTrace } from "../../lab/evaluation/evaluate.ts";
import { readMetrics } from "../../lab/evaluation/metric.ts";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import {
  EVALUATION_FORMATS,
  type EvaluatedFile,
  isGreen,
  renderEvaluations,
} from "../../lab/reports/evaluation-report.ts";
import { readTraceFile, TRACE_FILE_LIMIT } from "../../lab/trace-files/read-trace-file.ts";
import { LIMIT_METRICS, SCORED_METRICS, TRAJECTORY_MATCHES } from "../../model/evaluation.ts";
import { type Command, EXIT, oneOf, readArguments } from "./command.ts";

const options = {
  "eval-set": { type: "string" },
  metric: { type: "string", multiple: true },
  threshold: { type: "string", multiple: true },
  match: { type: "string", default: "EXACT" },
  output: { type: "string", default: "table" },
  out: { type: "string" },
} as const;

const DEFAULT_METRIC = "tool_trajectory_avg_score";

export const evaluateCommand: Command = {
  help: `resilience-lab evaluate FILE... [--eval-set FILE] [--metric M]... [--threshold T]... [--match KIND]
                        [--output table|json|junit] [--out FILE]

Evaluates the turns of agents in trace files: Jaeger JSON, OTLP JSON (whole, in lines, from Tempo), OTLP protobuf, in gzip
or not; the format is found by the content. \`-\` reads standard input.
  --eval-set FILE   expected turns, in the Agent Development Kit's format
  --metric M        ${SCORED_METRICS.join(", ")} (need an eval set),
                    ${LIMIT_METRICS.join(", ")} (need a threshold: the limit),
                    or the file of an evaluator of your own (.py, .js, .ts, a program): JSON in, JSON out.
                    Without any: ${DEFAULT_METRIC}
  --threshold T     the least score that passes, 0 to 1 (0.5), or NAME=T for one metric
  --match KIND      ${TRAJECTORY_MATCHES.join(", ")}: how the tools used are compared with the expected ones
Exit 0 when all metrics of all traces passed, 1 when one failed or could not be evaluated.`,
  async run(args, { out, err, signal }) {
    const { values, positionals: files } = readArguments("evaluate", args, options);
    if (files.length === 0) throw new LabError("bad-input", "specify which trace files to evaluate");
    const format = oneOf("--output", values.output, EVALUATION_FORMATS);
    const match = oneOf("--match", values.match, TRAJECTORY_MATCHES);
    const metrics = readMetrics(values.metric ?? [DEFAULT_METRIC], readThresholds(values.threshold ?? []));
    const setFile = values["eval-set"];
    const evalSet =
      setFile === undefined ? undefined : readEvalSet(readWholeFile(setFile, EVAL_SET_LIMIT).toString("utf8"));
    const request = { metrics, match, evalSet, signal };
    const evaluated: EvaluatedFile[] = [];
    for (const file of files) evaluated.push(await evaluateFile(file, request));
    const report = renderEvaluations(format, evaluated);
    if (values.out === undefined) out.write(report);
    else {
      await writeFile(values.out, report);
      err.write(`${values.out}: written\n`);
    }
    return isGreen(evaluated) ? EXIT.green : EXIT.failed;
  },
};

async function evaluateFile(file: string, request: Parameters<typeof evaluateTrace>[1]): Promise<EvaluatedFile> {
  try {
    const { traces, problems } = readTraceFile(await readBytes(file));
    const evaluations = [];
    for (const trace of traces) evaluations.push(await evaluateTrace(trace, request));
    const error = traces.length === 0 ? { error: "it has no traces" } : {};
    return { file, evaluations, problems, ...error };
  } catch (error) {
    request.signal.throwIfAborted();
    const hint = error instanceof LabError && error.hint !== undefined ? ` (${error.hint})` : "";
    return { file, evaluations: [], problems: [], error: `${messageOf(error)}${hint}` };
  }
}

async function readBytes(file: string): Promise<Uint8Array> {
  if (file !== "-") return readWholeFile(file, TRACE_FILE_LIMIT);
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** By the name of a metric; one for all by an empty name. */
function readThresholds(given: readonly string[]): Map<string, number> {
  return new Map(
    given.map((text) => {
      const [, name = "", value = ""] = /^(?:([^=]+)=)?(.+)$/.exec(text) ?? [];
      const number = Number(value);
      if (value.trim() !== "" && Number.isFinite(number)) return [name, number];
      throw new LabError("bad-input", `--threshold cannot be "${text}"`, { hint: "a number, or METRIC=number" });
    }),
  );
}
