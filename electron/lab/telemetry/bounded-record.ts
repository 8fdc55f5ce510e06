import type { JoinedBy, TelemetryRecord } from "../../model/telemetry.ts";
import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { Attributes, AttributeValue, TraceSpan } from "../trace-files/trace.ts";

/** Characters of one text of a record; the rest is cut, and said to be. */
const TEXT_LIMIT = 32_768;
const ENTRIES_LIMIT = 256;
const EVENTS_LIMIT = 256;
const ID_LIMIT = 64;
const DEPTH_LIMIT = 16;

/** A span, bounded. */
export function recordOfSpan(span: TraceSpan, joinedBy: JoinedBy): TelemetryRecord {
  const { endUs, parentId } = span;
  return {
    record: "span",
    joinedBy,
    traceId: span.traceId,
    spanId: span.spanId,
    ...(parentId === undefined ? {} : { parentId: parentId.slice(0, ID_LIMIT) }),
    name: cut(span.name),
    kind: span.kind,
    service: cut(span.service),
    scope: cut(span.scope),
    startUs: span.startUs,
    ...(endUs === undefined ? {} : { endUs }),
    attributes: attributesOf(span.attributes),
    events: span.events.slice(0, EVENTS_LIMIT).map(({ name, atUs, attributes }) => ({
      name: cut(name),
      atUs,
      attributes: attributesOf(attributes),
    })),
    isError: span.isError,
    statusMessage: cut(span.statusMessage),
  };
}

/** A log record, bounded. */
export function recordOfLog(log: TraceLog, joinedBy: JoinedBy): TelemetryRecord {
  const { traceId, spanId } = log;
  return {
    record: "log",
    joinedBy,
    ...(traceId === undefined ? {} : { traceId: traceId.slice(0, ID_LIMIT) }),
    ...(spanId === undefined ? {} : { spanId: spanId.slice(0, ID_LIMIT) }),
    service: cut(log.service),
    scope: cut(log.scope),
    atUs: log.atUs,
    severity: cut(log.severity),
    severityNumber: log.severityNumber,
    body: cut(log.body),
    attributes: attributesOf(log.attributes),
  };
}

function attributesOf(attributes: Attributes): Record<string, AttributeValue> {
  return bounded(attributes, 0) as Record<string, AttributeValue>;
}

/** Cut at the end of a word: it is searched for secrets afterwards, and part of one would not be recognised. */
function cut(text: string): string {
  if (text.length <= TEXT_LIMIT) return text;
  const kept = text.slice(0, TEXT_LIMIT).replace(/\S{1,1000}$/, "");
  return `${kept} [cut: ${text.length - kept.length} characters]`;
}

function bounded(value: unknown, depth: number): unknown {
  if (typeof value === "string") return cut(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEPTH_LIMIT) return "[cut: nested too deep]";
  if (Array.isArray(value)) return value.slice(0, ENTRIES_LIMIT).map((each) => bounded(each, depth + 1));
  const entries = Object.entries(value).slice(0, ENTRIES_LIMIT);
  return Object.fromEntries(entries.map(([name, each]) => [name.slice(0, 256), bounded(each, depth + 1)]));
}
