import { isObject } from "../../model/json.ts";
import { readAttributes } from "./attributes.ts";
import { bigintOf, isNanoseconds, type JsonObject, listOf, textOf } from "./exact-json.ts";
import type { SpanKind, TraceSpan } from "./trace.ts";

/** What Jaeger's UI saves and its query API answers: `{ data: [{ traceID, spans, processes }] }`. */
export function isJaegerDocument(value: unknown): value is JsonObject {
  return isObject(value) && Array.isArray(value.data) && (value.data.length === 0 || value.data.some(isJaegerTrace));
}

/** An element of such a document's data. */
export function isJaegerTrace(value: unknown): value is JsonObject {
  return isObject(value) && typeof value.traceID === "string" && Array.isArray(value.spans);
}

/** A span on its own, as Jaeger stores it in Elasticsearch: its process is in it. */
export function isJaegerSpan(value: unknown): value is JsonObject {
  return isObject(value) && typeof value.traceID === "string" && typeof value.spanID === "string";
}

export function readJaegerDocument({ data }: JsonObject, where: string, problems: string[]): TraceSpan[] {
  return listOf(data).flatMap((trace, index) => {
    if (isJaegerTrace(trace)) return readJaegerTrace(trace, where, problems);
    problems.push(`${where}data[${index}] is no trace`);
    return [];
  });
}

export function readJaegerTrace(trace: JsonObject, where: string, problems: string[]): TraceSpan[] {
  const processes = isObject(trace.processes) ? trace.processes : {};
  return listOf(trace.spans).flatMap((span, index) => {
    const read = isObject(span) ? readJaegerSpan(span, textOf(trace.traceID), processes) : "it is not an object";
    if (typeof read !== "string") return [read];
    problems.push(`${where}span ${index} of trace ${textOf(trace.traceID)}: ${read}`);
    return [];
  });
}

/** The span, or why it cannot be read. */
export function readJaegerSpan(span: JsonObject, traceOfAll = "", processes: JsonObject = {}): TraceSpan | string {
  const spanId = textOf(span.spanID);
  if (spanId === "") return "it has no spanID";
  const start = bigintOf(span.startTime);
  if (start === undefined) return "its startTime is no number of microseconds";
  const duration = bigintOf(span.duration);
  const isInRange = isNanoseconds(1_000n * start) && isNanoseconds(1_000n * (start + (duration ?? 0n)));
  if (!isInRange) return "its time is not one of 64 bits";
  const startUs = Number(start);
  const process = isObject(span.process) ? span.process : processes[textOf(span.processID)];
  const attributes = readAttributes(span.tags);
  return {
    traceId: (textOf(span.traceID) || traceOfAll).toLowerCase(),
    spanId: spanId.toLowerCase(),
    parentId: parentOf(span)?.toLowerCase(),
    name: textOf(span.operationName),
    kind: kindOf(attributes["span.kind"]),
    service: isObject(process) ? textOf(process.serviceName) : "",
    scope: textOf(attributes["otel.scope.name"]),
    startUs,
    endUs: duration === undefined ? undefined : startUs + Number(duration),
    attributes: { ...(isObject(process) ? readAttributes(process.tags) : {}), ...attributes },
    events: listOf(span.logs).filter(isObject).map(readLog),
    isError: attributes.error === true || attributes.error === "true" || attributes["otel.status_code"] === "ERROR",
    statusMessage: textOf(attributes["otel.status_description"]),
  };
}

function readLog(log: JsonObject) {
  const { event, ...attributes } = readAttributes(log.fields);
  return { name: textOf(event), atUs: Number(bigintOf(log.timestamp) ?? 0n), attributes };
}

function parentOf(span: JsonObject): string | undefined {
  const references = listOf(span.references).filter(isObject);
  const parent = references.find(({ refType }) => refType === "CHILD_OF") ?? references[0];
  return textOf(parent?.spanID) || textOf(span.parentSpanID) || undefined;
}

const KINDS: readonly SpanKind[] = ["server", "client", "producer", "consumer"];

function kindOf(value: unknown): SpanKind {
  return KINDS.find((kind) => kind === value) ?? "internal";
}
