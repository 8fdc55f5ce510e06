import type { QueueSubmitRequest } from "../../../contract/queue.ts";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { EVAL_SET_LIMIT } from "../../evaluation/eval-set.ts";
import { LabError } from "../../lab-error.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";

type EvaluationRequest = Extract<QueueSubmitRequest, { is: "evaluation" }>;

/** A row of the queue has the traces themselves. */
const TRACES_LIMIT = 2 * 1024 * 1024;

/** The spec of an evaluation that a worker carries out. @throws LabError for a file that is too large, or no JSON */
export function evaluationSpec(request: EvaluationRequest, files: Pick<HostFiles, "find">): object {
  const { traces, evalSet, metrics, match, labels, sendTo } = request;
  const target =
    traces.is === "file"
      ? { kind: "inline", data: jsonOf(files.find(traces.upload), TRACES_LIMIT) }
      : { kind: "http", baseUrl: traces.address, traceId: traces.traceId };
  const thresholds = metrics.flatMap(({ name, threshold }) => (threshold === undefined ? [] : [[name, threshold]]));
  return {
    ...{ target, labels, sinks: sinksOf(sendTo) },
    evalSet: evalSet === null ? null : jsonOf(files.find(evalSet), EVAL_SET_LIMIT),
    evalConfig: {
      metrics: metrics.map(({ name }) => name),
      thresholds: Object.fromEntries(thresholds),
      trajectoryMatchType: match,
    },
  };
}

export function sinksOf({ url, file }: EvaluationRequest["sendTo"]): object[] {
  return [
    ...(url === null ? [] : [{ kind: "http_webhook", url }]),
    ...(file === null ? [] : [{ kind: "file", path: file }]),
  ];
}

function jsonOf({ file, fileName }: ReturnType<HostFiles["find"]>, limit: number): unknown {
  const text = Buffer.from(readWholeFile(file, limit)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    throw new LabError("bad-input", `${fileName} is not one JSON document`, {
      hint: "open traces in another format on the History page, and evaluate them there",
    });
  }
}
