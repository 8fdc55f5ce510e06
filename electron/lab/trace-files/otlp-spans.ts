import { isObject } from "../../model/json.ts";
import { readAttributes } from "./attributes.ts";
import { bigintOf, field, isNanoseconds, type JsonObject, listOf, textOf } from "./exact-json.ts";
import type { SpanKind, TraceSpan } from "./trace.ts";

/**
 * Where the spans of an OTLP document are: OTLP itself, Tempo's first version, Tempo's second, and Jaeger's third API. Tempo's
 * second answers an empty trace for one that it does not have.
 */
function resourceSpansOf(document: JsonObject): unknown[] | undefined {
  const found = field(document, "resourceSpans") ?? document.batches;
  if (Array.isArray(found)) return found;
  // A collector may write all that it gets into one file.
  if (["resourceLogs", "resourceMetrics"].some((name) => Array.isArray(field(document, name)))) return [];
  for (const name of ["trace", "result"]) {
    const inner = document[name];
    if (isObject(inner)) return resourceSpansOf(inner) ?? (Object.keys(inner).length === 0 ? [] : undefined);
  }
  return undefined;
}

export function isOtlpDocument(value: unknown): value is JsonObject {
  return isObject(value) && resourceSpansOf(value) !== undefined;
}

/** A span on its own, as in files with a span a line. */
export function isOtlpSpan(value: unknown): value is JsonObject {
  const names = ["traceId", "spanId", "startTimeUnixNano"];
  return isObject(value) && names.every((name) => field(value, name) !== undefined);
}

interface Origin {
  service: string;
  scope: string;
  resource: TraceSpan["attributes"];
}

/** @param where place of the document in its file, for problems */
export function readOtlpDocument(document: JsonObject, where: string, problems: string[]): TraceSpan[] {
  const spans: TraceSpan[] = [];
  const { status, message } = document;
  if (textOf(status).toLowerCase() === "partial") {
    problems.push(`${where}it is a part of the trace${textOf(message) === "" ? "" : `: ${textOf(message)}`}`);
  }
  for (const [at, resourceSpans] of (resourceSpansOf(document) ?? []).entries()) {
    if (!isObject(resourceSpans)) {
      problems.push(`${where}resourceSpans[${at}] is not an object`);
      continue;
    }
    const resource = isObject(resourceSpans.resource) ? readAttributes(resourceSpans.resource.attributes) : {};
    const scopes = field(resourceSpans, "scopeSpans") ?? field(resourceSpans, "instrumentationLibrarySpans");
    for (const scopeSpans of listOf(scopes).filter(isObject)) {
      const scope = scopeSpans.scope ?? field(scopeSpans, "instrumentationLibrary");
      const origin = {
        service: textOf(resource["service.name"]),
        scope: isObject(scope) ? textOf(scope.name) : "",
        resource,
      };
      for (const [index, span] of listOf(scopeSpans.spans).entries()) {
        const read = isObject(span) ? readOtlpSpan(span, origin) : "it is not an object";
        if (typeof read === "string") problems.push(`${where}span ${index} of resourceSpans[${at}]: ${read}`);
        else spans.push(read);
      }
    }
  }
  return spans;
}

const NO_ORIGIN: Origin = { service: "", scope: "", resource: {} };

/** The span, or why it cannot be read. */
export function readOtlpSpan(span: JsonObject, origin: Origin = NO_ORIGIN): TraceSpan | string {
  const traceId = idOf(field(span, "traceId"), 16);
  const spanId = idOf(field(span, "spanId"), 8);
  if (traceId === undefined) return "its traceId is no id of 16 bytes";
  if (spanId === undefined) return "its spanId is no id of 8 bytes";
  const startNs = bigintOf(field(span, "startTimeUnixNano"));
  if (startNs === undefined) return "its startTimeUnixNano is no whole number";
  const endNs = bigintOf(field(span, "endTimeUnixNano")) ?? 0n;
  if (!isNanoseconds(startNs) || !isNanoseconds(endNs)) return "its time is not one of 64 bits";
  const own = readAttributes(span.attributes);
  const events = listOf(span.events)
    .filter(isObject)
    .map((event) => ({
      name: textOf(event.name),
      atUs: microseconds(bigintOf(field(event, "timeUnixNano")) ?? startNs),
      attributes: readAttributes(event.attributes),
    }));
  const status = isObject(span.status) ? span.status : {};
  return {
    traceId,
    spanId,
    parentId: idOf(field(span, "parentSpanId"), 8),
    name: textOf(span.name),
    kind: kindOf(span.kind),
    service: origin.service || textOf(own["service.name"]),
    scope: origin.scope || textOf(own["otel.scope.name"]),
    startUs: microseconds(startNs),
    endUs: endNs <= 0n ? undefined : microseconds(endNs),
    // What a span says of itself is closer than what its resource says.
    attributes: { ...origin.resource, ...own },
    events,
    isError: status.code === 2 || status.code === "STATUS_CODE_ERROR",
    statusMessage: textOf(status.message),
  };
}

/** Nanoseconds since 1970 as whole microseconds. */
export function microseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n);
}

/** Lower-case hex of an id in hex, as OTLP's JSON has it, or in base64, as other JSON of protobuf has it. */
export function idOf(value: unknown, bytes: number): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (new RegExp(`^[0-9a-f]{${2 * bytes}}$`, "i").test(value)) return isZero(value) ? undefined : value.toLowerCase();
  const decoded = Buffer.from(value, "base64");
  const isBase64 = decoded.length === bytes && /^[A-Za-z0-9+/_-]+={0,2}$/.test(value);
  // Ids of other lengths are not OTLP's, and still tell spans apart.
  if (!isBase64) return value;
  const hex = decoded.toString("hex");
  return isZero(hex) ? undefined : hex;
}

function isZero(hex: string): boolean {
  return /^0+$/.test(hex);
}

const KINDS: readonly SpanKind[] = ["internal", "internal", "server", "client", "producer", "consumer"];

function kindOf(value: unknown): SpanKind {
  if (typeof value === "number") return KINDS[value] ?? "internal";
  const name = textOf(value).replace("SPAN_KIND_", "").toLowerCase();
  return KINDS.find((kind) => kind === name) ?? "internal";
}
