import type { QueueSubmitRequest } from "../../../contract/queue.ts";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { EVAL_SET_LIMIT } from "../../evaluation/eval-set.ts";
import { LabError } from "../../lab-error.ts";
import { Redactor } from "../../redaction/redactor.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";

type EvaluationRequest = Extract<QueueSubmitRequest, { is: "evaluation" }>;

/** A row of the queue has the traces themselves. */
const TRACES_LIMIT = 2 * 1024 * 1024;
const EVALUATE_HERE = "open it on the History page and evaluate it there";

/** The spec of an evaluation that a worker carries out. @throws LabError for a file that cannot be written into the queue */
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
  const parse = (reviver?: (key: string, value: unknown) => unknown) => {
    try {
      return JSON.parse(text, reviver) as unknown;
    } catch {
      throw new LabError("bad-input", `${fileName} is not one JSON document`, {
        hint: EVALUATE_HERE,
      });
    }
  };
  const searched = parse((_, value) => (isMeasured(value) ? null : value));
  if (new Redactor().value(searched) === searched) return parse();
  throw new LabError("bad-input", `${fileName} has secrets or personal data, which are not written into the queue`, {
    hint: `${EVALUATE_HERE}: what is kept of it has none`,
  });
}

/** Numbers, times and ids of spans, which may look like numbers of cards. */
function isMeasured(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && /^[0-9a-f]+$/i.test(value));
}
