/** A thread that evaluates trace files, and ends: see evaluation-thread.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { evaluateTrace } from "../evaluation/evaluate.ts";
import { toThrown } from "../history/worker-protocol.ts";
import { messageOf } from "../lab-error.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import type { Trace } from "../trace-files/trace.ts";
import { evaluationRequest } from "./evaluation-request.ts";
import type { FromEvaluation, ToEvaluate } from "./evaluation-thread.ts";

const { files, config, evalSet } = workerData as ToEvaluate;
const port = parentPort as NonNullable<typeof parentPort>;
const send = (message: FromEvaluation) => port.postMessage(message);

try {
  const problems: string[] = [];
  const traces = files.flatMap((file) => tracesIn(file, problems));
  send({ is: "read", traces: traces.length, problems });
  const request = evaluationRequest(config, evalSet, new AbortController().signal);
  for (const trace of traces) send({ is: "evaluated", evaluation: await evaluateTrace(trace, request) });
} catch (error) {
  send({ is: "failed", error: toThrown(error) });
}

function tracesIn({ name, bytes }: ToEvaluate["files"][number], all: string[]): readonly Trace[] {
  const prefix = name === undefined ? "" : `${name}: `;
  try {
    const { traces, problems } = readTraceFile(bytes);
    all.push(...problems.map((problem) => `${prefix}${problem}`));
    if (traces.length === 0) all.push(`${prefix}it has no traces`);
    return traces;
  } catch (error) {
    all.push(`${prefix}${messageOf(error)}`);
    return [];
  }
}
