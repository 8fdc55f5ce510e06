import type { QueueSubmitRequest } from "../../../contract/queue.ts";
import { isObject } from "../../../model/json.ts";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { EVAL_SET_LIMIT } from "../../evaluation/eval-set.ts";
import { LabError } from "../../lab-error.ts";
import { Redactor } from "../../redaction/redactor.ts";
import type { HostFiles } from "../bundles/bundle-service.ts";

type EvaluationRequest = Extract<QueueSubmitRequest, { is: "evaluation" }>;

/** A row of the queue has the traces themselves. */
const TRACES_LIMIT = 2 * 1024 * 1024;

/** The spec of an evaluation that a worker carries out. @throws LabError for a file that is too large, or no JSON */
export function evaluationSpec(request: EvaluationRequest, files: Pick<HostFiles, "find">): object {
  const { traces, evalSet, metrics, match, labels, sendTo } = request;
  const redactor = new Redactor();
  const target =
    traces.is === "file"
      ? { kind: "inline", data: jsonOf(files.find(traces.upload), TRACES_LIMIT, redactor) }
      : { kind: "http", baseUrl: traces.address, traceId: traces.traceId };
  const thresholds = metrics.flatMap(({ name, threshold }) => (threshold === undefined ? [] : [[name, threshold]]));
  return {
    ...{ target, labels, sinks: sinksOf(sendTo) },
    evalSet: evalSet === null ? null : jsonOf(files.find(evalSet), EVAL_SET_LIMIT, redactor),
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

/** Without secrets and personal data, as a trace is kept in the history. */
function jsonOf({ file, fileName }: ReturnType<HostFiles["find"]>, limit: number, redactor: Redactor): unknown {
  const text = Buffer.from(readWholeFile(file, limit)).toString("utf8");
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new LabError("bad-input", `${fileName} is not one JSON document`, {
      hint: "open traces in another format on the History page, and evaluate them there",
    });
  }
  return withIds(given, redactor.value(given));
}

/** Ids and times of spans, some of which look like numbers of cards. */
const IDS =
  /^(trace_?id|span_?id|parent_?(span_?)?id|startTime(UnixNano)?|endTimeUnixNano|(observed)?timeUnixNano|duration|timestamp)$/i;

function withIds(given: unknown, redacted: unknown, key = ""): unknown {
  if (given === redacted || (IDS.test(key) && /^[\da-f.]+$/i.test(String(given)))) return given;
  if (Array.isArray(given) && Array.isArray(redacted)) return given.map((each, at) => withIds(each, redacted[at]));
  if (!isObject(given) || !isObject(redacted)) return redacted;
  const before = Object.entries(given);
  const entries = Object.entries(redacted).map(([name, value], at) => [
    name,
    withIds(before[at]?.[1], value, before[at]?.[0]),
  ]);
  return Object.fromEntries(entries);
}
