import { createHash } from "node:crypto";

export const INTERNAL = 1;
export const SERVER = 2;
export const CLIENT = 3;

type Values = Record<string, string | number | undefined>;

/** One span in OTLP's JSON. */
export interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startNano: string;
  endNano: string;
  attributes: Values;
  /** Links to spans of other traces. */
  links?: { traceId: string; spanId: string }[];
  events?: { nano: string; name: string; attributes: Values }[];
  /** The reason, if it failed. */
  error?: string;
}

/** Builds the JSON text directly instead of from an object: for a long run this is most of an export's work. */
export function serializeSpan(span: Span): string {
  const { traceId, spanId, parentSpanId, name, kind, startNano, endNano, attributes, events, links, error } = span;
  const parent = parentSpanId === undefined ? "" : `"parentSpanId":"${parentSpanId}",`;
  const ids = `"traceId":"${traceId}","spanId":"${spanId}",${parent}`;
  const times = `"startTimeUnixNano":"${startNano}","endTimeUnixNano":"${endNano}"`;
  const serialized = (events ?? []).map(
    (event) =>
      `{"timeUnixNano":"${event.nano}","name":"${event.name}","attributes":${serializeAttributes(event.attributes)}}`,
  );
  const more = serialized.length === 0 ? "" : `,"events":[${serialized.join(",")}]`;
  const linked = links?.map((link) => `{"traceId":"${link.traceId}","spanId":"${link.spanId}"}`);
  const linking = linked === undefined ? "" : `,"links":[${linked.join(",")}]`;
  const status = error === undefined ? "" : `,"status":{"code":2,"message":${JSON.stringify(error)}}`;
  return `{${ids}"name":${JSON.stringify(name)},"kind":${kind},${times},"attributes":${serializeAttributes(attributes)}${more}${linking}${status}}`;
}

/** Attributes without a value are left out. */
export function serializeAttributes(values: Values): string {
  let serialized = "";
  for (const key in values) {
    const value = values[key];
    if (value === undefined || value === "") continue;
    const shown = typeof value === "number" ? `"intValue":"${value}"` : `"stringValue":${JSON.stringify(value)}`;
    serialized += `${serialized === "" ? "" : ","}{"key":"${key}","value":{${shown}}}`;
  }
  return `[${serialized}]`;
}

/** Nanoseconds since the epoch: more than a number holds exactly, so the last digits are appended as text. */
export function unixNano(startedWallMs: number, ms: number): string {
  const micros = Math.round(Math.max(0, ms) * 1_000);
  const wallMs = startedWallMs + Math.floor(micros / 1_000);
  return `${wallMs}${String(micros % 1_000).padStart(3, "0")}000`;
}

/** An identifier that is the same in every export of the same run. */
export function idOf(what: string, digits: 16 | 32): string {
  return createHash("sha256").update(what).digest("hex").slice(0, digits);
}
