import { createHash } from "node:crypto";

export const INTERNAL = 1;
export const SERVER = 2;

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
  /** To spans of other traces. */
  links?: { traceId: string; spanId: string }[];
  events?: { nano: string; name: string; attributes: Values }[];
  /** Present when it failed, with why. */
  error?: string;
}

/** Spelled by hand rather than from an object of the protocol's shape: of a long run this is most of an export's work. */
export function spellSpan(span: Span): string {
  const { traceId, spanId, parentSpanId, name, kind, startNano, endNano, attributes, events, links, error } = span;
  const parent = parentSpanId === undefined ? "" : `"parentSpanId":"${parentSpanId}",`;
  const ids = `"traceId":"${traceId}","spanId":"${spanId}",${parent}`;
  const times = `"startTimeUnixNano":"${startNano}","endTimeUnixNano":"${endNano}"`;
  const told = (events ?? []).map(
    (event) =>
      `{"timeUnixNano":"${event.nano}","name":"${event.name}","attributes":${spellAttributes(event.attributes)}}`,
  );
  const more = told.length === 0 ? "" : `,"events":[${told.join(",")}]`;
  const linked = links?.map((link) => `{"traceId":"${link.traceId}","spanId":"${link.spanId}"}`);
  const linking = linked === undefined ? "" : `,"links":[${linked.join(",")}]`;
  const status = error === undefined ? "" : `,"status":{"code":2,"message":${JSON.stringify(error)}}`;
  return `{${ids}"name":${JSON.stringify(name)},"kind":${kind},${times},"attributes":${spellAttributes(attributes)}${more}${linking}${status}}`;
}

/** Those that have a value. */
export function spellAttributes(values: Values): string {
  let spelled = "";
  for (const key in values) {
    const value = values[key];
    if (value === undefined || value === "") continue;
    const shown = typeof value === "number" ? `"intValue":"${value}"` : `"stringValue":${JSON.stringify(value)}`;
    spelled += `${spelled === "" ? "" : ","}{"key":"${key}","value":{${shown}}}`;
  }
  return `[${spelled}]`;
}

/** Nanoseconds since the epoch: more than a number holds exactly, so the last digits are put on as text. */
export function unixNano(startedWallMs: number, ms: number): string {
  const micros = Math.round(Math.max(0, ms) * 1_000);
  const wallMs = startedWallMs + Math.floor(micros / 1_000);
  return `${wallMs}${String(micros % 1_000).padStart(3, "0")}000`;
}

/** An identifier that is the same each time the same run is exported. */
export function idOf(what: string, digits: 16 | 32): string {
  return createHash("sha256").update(what).digest("hex").slice(0, digits);
}
