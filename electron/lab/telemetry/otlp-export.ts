import { isObject } from "../../model/json.ts";
import { messageOf } from "../lab-error.ts";
import { field, type JsonObject, listOf, parseExactJson } from "../trace-files/exact-json.ts";
import { readOtlpLogs, type TraceLog } from "../trace-files/otlp-logs.ts";
import { decodeOtlp, type OtlpSignal } from "../trace-files/otlp-protobuf.ts";
import { readOtlpDocument } from "../trace-files/otlp-spans.ts";
import type { TraceSpan } from "../trace-files/trace.ts";

export type OtlpFormat = "protobuf" | "json";

/** What an exporter sent in one request. */
export interface OtlpExport {
  spans: readonly TraceSpan[];
  logs: readonly TraceLog[];
  /** Data points of metrics, which are counted and not kept. */
  points: number;
  /** What cannot be read of it, each with its place: as many records are rejected. */
  problems: readonly string[];
}

/** The field that a message of each signal has; an empty message, which exporters may send, has none. */
const FIELDS: Record<OtlpSignal, string> = {
  traces: "resourceSpans",
  logs: "resourceLogs",
  metrics: "resourceMetrics",
};
const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;

/** A request body that is none of its signal's messages: a client error, not to be sent again. */
export class MalformedExport extends Error {}

/** Reads a decompressed request body. @throws MalformedExport */
export function readExport(signal: OtlpSignal, format: OtlpFormat, body: Uint8Array): OtlpExport {
  try {
    const document = format === "json" ? readJson(signal, body) : decodeOtlp[signal](body);
    return readDocument(signal, document);
  } catch (error) {
    const why = error instanceof RangeError && /call stack/.test(error.message) ? "it is nested too deep" : undefined;
    throw new MalformedExport(`the body is no OTLP ${signal} in ${format}: ${why ?? messageOf(error)}`);
  }
}

function readJson(signal: OtlpSignal, body: Uint8Array): JsonObject {
  const value = parseExactJson(new TextDecoder("utf-8", { fatal: true }).decode(body));
  if (!isObject(value)) throw new Error("it is not an object");
  const found = field(value, FIELDS[signal]);
  const other = Object.keys(value)[0];
  if (found === undefined && other !== undefined)
    throw new Error(`it has "${other.slice(0, 50)}", not ${FIELDS[signal]}`);
  if (found !== undefined && !Array.isArray(found)) throw new Error(`its ${FIELDS[signal]} is not a list`);
  return value;
}

function readDocument(signal: OtlpSignal, document: JsonObject): OtlpExport {
  const problems: string[] = [];
  if (signal === "metrics") return { spans: [], logs: [], points: countPoints(document), problems };
  if (signal === "logs") return { spans: [], logs: readOtlpLogs(document, "", problems), points: 0, problems };
  const spans = readOtlpDocument(document, "", problems).filter(({ traceId, spanId, name }) => {
    const isValid = TRACE_ID.test(traceId) && SPAN_ID.test(spanId);
    if (!isValid) problems.push(`span "${name.slice(0, 100)}": its ids are not 16 and 8 bytes in hex`);
    return isValid;
  });
  return { spans, logs: [], points: 0, problems };
}

const KINDS = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];

function countPoints(document: JsonObject): number {
  let points = 0;
  for (const resource of listOf(field(document, FIELDS.metrics)).filter(isObject)) {
    for (const scope of listOf(field(resource, "scopeMetrics")).filter(isObject)) {
      for (const metric of listOf(scope.metrics).filter(isObject)) {
        for (const kind of KINDS) {
          const data = field(metric, kind);
          if (isObject(data)) points += listOf(field(data, "dataPoints")).length;
        }
      }
    }
  }
  return points;
}
