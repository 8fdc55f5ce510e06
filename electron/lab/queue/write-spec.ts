import { isObject } from "../../model/json.ts";
import { Redactor } from "../redaction/redactor.ts";
import { isEvaluation, parseSpec, type RunSpec } from "./run-spec.ts";

/**
 * A spec as it is kept in the queue, and by which specs are compared: with every default filled in, and what an evaluation
 * carries without secrets and personal data, as a trace is kept in the history. @throws as parseSpec
 */
export function writeSpec(given: unknown): RunSpec {
  // As it is read again: a property that is undefined is none.
  const spec = JSON.parse(JSON.stringify(parseSpec(given))) as RunSpec;
  if (!isEvaluation(spec)) return spec;
  // By one redactor: values of a trace are compared with those of the eval set.
  const redactor = new Redactor();
  const { target, evalSet } = spec;
  return {
    ...spec,
    target: target.kind === "inline" ? { ...target, data: redacted(target.data, redactor) } : target,
    evalSet: redacted(evalSet, redactor),
  };
}

/** Placeholders are numbered in the order of keys, which does not matter for the equality of specs. */
function redacted<Json>(given: Json, redactor: Redactor): Json {
  const sorted = sortedByKey(given);
  return withIds(sorted, redactor.value(sorted)) as Json;
}

function sortedByKey(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(sortedByKey);
  if (!isObject(given)) return given;
  const keys = Object.keys(given).sort();
  return Object.fromEntries(keys.map((key) => [key, sortedByKey(given[key])]));
}

/** Ids and times of spans, some of which look like numbers of cards. */
const IDS =
  /^(trace_?id|span_?id|parent_?(span_?)?id|startTime(UnixNano)?|endTimeUnixNano|(observed)?timeUnixNano|duration|timestamp)$/i;

function withIds(given: unknown, value: unknown, key = ""): unknown {
  if (given === value || (IDS.test(key) && /^[\da-f.]+$/i.test(String(given)))) return given;
  if (Array.isArray(given) && Array.isArray(value)) return given.map((each, at) => withIds(each, value[at]));
  if (!isObject(given) || !isObject(value)) return value;
  const before = Object.entries(given);
  const entries = Object.entries(value).map(([name, each], at) => [
    name,
    withIds(before[at]?.[1], each, before[at]?.[0]),
  ]);
  return Object.fromEntries(entries);
}
