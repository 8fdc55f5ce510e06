import { isObject } from "../../model/json.ts";
import { readAttributes, readValue } from "./attributes.ts";
import { bigintOf, field, type JsonObject, listOf, textOf } from "./exact-json.ts";
import { idOf, microseconds } from "./otlp-spans.ts";
import type { Attributes } from "./trace.ts";

/** A log record: opentelemetry/proto/logs/v1. Times are whole microseconds since 1970. */
export interface TraceLog {
  traceId: string | undefined;
  spanId: string | undefined;
  service: string;
  scope: string;
  atUs: number;
  severity: string;
  severityNumber: number;
  /** A body that is no text is JSON. */
  body: string;
  attributes: Attributes;
}

/** @param where place of the document, for problems */
export function readOtlpLogs(document: JsonObject, where: string, problems: string[]): TraceLog[] {
  const logs: TraceLog[] = [];
  for (const [at, resourceLogs] of listOf(field(document, "resourceLogs")).entries()) {
    if (!isObject(resourceLogs)) {
      problems.push(`${where}resourceLogs[${at}] is not an object`);
      continue;
    }
    const resource = isObject(resourceLogs.resource) ? readAttributes(resourceLogs.resource.attributes) : {};
    for (const scopeLogs of listOf(field(resourceLogs, "scopeLogs")).filter(isObject)) {
      const scope = isObject(scopeLogs.scope) ? textOf(scopeLogs.scope.name) : "";
      for (const [index, record] of listOf(field(scopeLogs, "logRecords")).entries()) {
        const read = isObject(record) ? readLog(record, resource, scope) : "it is not an object";
        if (typeof read === "string") problems.push(`${where}log ${index} of resourceLogs[${at}]: ${read}`);
        else logs.push(read);
      }
    }
  }
  return logs;
}

/** The record, or why it cannot be read. */
function readLog(record: JsonObject, resource: Attributes, scope: string): TraceLog | string {
  // One that was only observed has a time of 0.
  const times = [bigintOf(field(record, "timeUnixNano")), bigintOf(field(record, "observedTimeUnixNano"))];
  const atNs = times.find((time) => time !== undefined && time > 0n);
  if (atNs === undefined) return "it has no time";
  const body = readValue(record.body ?? null);
  const severityNumber = field(record, "severityNumber");
  return {
    traceId: idOf(field(record, "traceId"), 16),
    spanId: idOf(field(record, "spanId"), 8),
    service: textOf(resource["service.name"]),
    scope,
    atUs: microseconds(atNs),
    severity: textOf(field(record, "severityText")),
    severityNumber: typeof severityNumber === "number" ? severityNumber : 0,
    body: typeof body === "string" ? body : body === null ? "" : JSON.stringify(body),
    attributes: { ...resource, ...readAttributes(record.attributes) },
  };
}
