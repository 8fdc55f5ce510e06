/**
 * The attributes of each type of toxic. Toxiproxy validates only JSON types, so some settings stall or crash its server;
 * here each attribute has bounds, and a value outside them is refused before anything changes.
 */
import { limits } from "../limits.ts";

export type AttributeValue = string | number | boolean | readonly unknown[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export type AttributeSpec =
  | { kind: "integer"; unit: string; min: number; max: number; fallback?: number }
  | { kind: "text"; maxLength: number; fallback?: string }
  | { kind: "choice"; values: readonly (string | number)[]; fallback: string | number }
  | { kind: "list"; of: "text" | "tool" };

type Specs = Readonly<Record<string, AttributeSpec>>;

export interface AttributeProblem {
  problem: string;
}

const ms = (fallback?: number): AttributeSpec => ({
  kind: "integer",
  unit: "ms",
  min: 0,
  max: limits.timerMs,
  ...(fallback === undefined ? {} : { fallback }),
});
const bytes = (min: number, fallback?: number): AttributeSpec => ({
  kind: "integer",
  unit: "bytes",
  min,
  max: Number.MAX_SAFE_INTEGER,
  ...(fallback === undefined ? {} : { fallback }),
});
const events: AttributeSpec = { kind: "integer", unit: "events", min: 0, max: 1_000_000, fallback: 0 };
const httpStatus = (fallback?: number): AttributeSpec => ({
  kind: "integer",
  unit: "",
  min: 200,
  max: 599,
  ...(fallback === undefined ? {} : { fallback }),
});

/** Toxiproxy's own types: they act on bytes, in one direction. Unknown attributes are ignored, as in Toxiproxy. */
export const streamToxics: Readonly<Record<string, Specs>> = {
  noop: {},
  latency: { latency: ms(0), jitter: ms(0) },
  bandwidth: { rate: { kind: "integer", unit: "KB/s", min: 0, max: 10_000_000, fallback: 0 } },
  slow_close: { delay: ms(0) },
  timeout: { timeout: ms(0) },
  reset_peer: { timeout: ms(0) },
  slicer: {
    average_size: bytes(1),
    size_variation: bytes(0, 0),
    delay: { kind: "integer", unit: "microseconds", min: 0, max: limits.timerMs, fallback: 0 },
  },
  limit_data: { bytes: bytes(0, 0) },
};

/**
 * The types that act on HTTP requests and replies, while the link's HTTP is parsed. Unknown attributes are refused. Before
 * the upstream receives the request:
 *
 * - http_status: answered with the status, and with Retry-After unless it is -1
 * - mcp_error: each JSON-RPC call answered with this error
 * - session_lost: requests in a session are refused permanently, as by a server that lost it; `existing` excludes sessions
 *   that started after the toxic was armed
 * - get_stream_refused: a GET for an event stream is refused
 * - request_lost: the connection is reset, the request never reaches the upstream
 *
 * After it:
 *
 * - reply_lost: executed by the upstream; the connection is reset instead of the reply
 * - http_delay: the reply (or, by `side`, the request) is held
 * - malformed: the body is not JSON, or the head is not HTTP
 * - truncated: the body stops before its end and the connection is closed
 * - session_rotated: the client receives another session id; the earlier one is refused
 * - stream_cut, stream_stalled, stream_duplicated: act on an event stream after a number of events with data
 * - stream_split: a pause of `delay` ms inside a multi-byte character
 * - event_ids_skipped: every nth event id is removed
 * - tools_changed: tools/list with tools removed, added, or text added to their descriptions
 */
export const httpToxics = {
  http_status: {
    status: httpStatus(),
    retry_after: { kind: "integer", unit: "seconds", min: -1, max: 86_400, fallback: -1 },
  },
  http_delay: { delay: ms(), jitter: ms(0), side: { kind: "choice", values: ["reply", "request"], fallback: "reply" } },
  mcp_error: {
    code: { kind: "integer", unit: "", min: -2_147_483_648, max: 2_147_483_647, fallback: -32_603 },
    message: { kind: "text", maxLength: 1_000, fallback: "injected fault" },
  },
  malformed: { kind: { kind: "choice", values: ["json", "http"], fallback: "json" } },
  /** -1: half of a reply of known length, else its first 16 bytes. */
  truncated: { bytes: bytes(-1, -1) },
  session_lost: {
    status: { kind: "choice", values: [404, 400, 200], fallback: 404 },
    sessions: { kind: "choice", values: ["existing", "any"], fallback: "existing" },
  },
  session_rotated: {},
  stream_cut: { after_events: events },
  stream_stalled: { after_events: events },
  stream_duplicated: { after_events: events },
  stream_split: { delay: ms(20) },
  event_ids_skipped: { every: { kind: "integer", unit: "events", min: 1, max: 1_000_000, fallback: 1 } },
  get_stream_refused: { status: httpStatus(405) },
  reply_lost: {},
  request_lost: {},
  tools_changed: {
    remove: { kind: "list", of: "text" },
    add: { kind: "list", of: "tool" },
    describe: { kind: "text", maxLength: 4_000, fallback: "" },
  },
} as const satisfies Readonly<Record<string, Specs>>;
export type HttpToxicType = keyof typeof httpToxics;

export function isStreamToxic(type: string): boolean {
  return Object.hasOwn(streamToxics, type);
}

export function isHttpToxic(type: string): type is HttpToxicType {
  return Object.hasOwn(httpToxics, type);
}

/** Merges `given` over `prior` over the defaults and validates; or a problem with attribute, expectation and value. */
export function checkAttributes(type: string, given: unknown, prior: Attributes = {}): Attributes | AttributeProblem {
  const specs: Specs = streamToxics[type] ?? (isHttpToxic(type) ? httpToxics[type] : {});
  const asked = given === undefined || given === null ? {} : given;
  if (typeof asked !== "object" || Array.isArray(asked)) return { problem: "attributes must be an object" };
  const input = asked as Record<string, unknown>;
  if (isHttpToxic(type)) {
    const unknown = Object.keys(input).find((name) => !Object.hasOwn(specs, name));
    if (unknown !== undefined) {
      return {
        problem: `${type} has no attribute ${show(unknown)}; it has ${Object.keys(specs).join(", ") || "none"}`,
      };
    }
  }
  const checked: Record<string, AttributeValue> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value =
      input[name] ?? prior[name] ?? ("fallback" in spec ? spec.fallback : spec.kind === "list" ? [] : undefined);
    const normalized = spec.kind === "list" && !Array.isArray(value) ? [value] : value;
    const expected = expectation(spec, normalized);
    if (expected !== undefined) {
      const seen = value === undefined ? "it is missing" : `got ${show(value)}`;
      return { problem: `attribute ${name} of ${type} must be ${expected}, ${seen}` };
    }
    checked[name] = normalized as AttributeValue;
  }
  const together = problemTogether(type, checked);
  return together === undefined ? checked : { problem: together };
}

/** The expectation that the value violates; undefined if it is valid. */
function expectation(spec: AttributeSpec, value: unknown): string | undefined {
  switch (spec.kind) {
    case "integer": {
      const right = Number.isSafeInteger(value) && (value as number) >= spec.min && (value as number) <= spec.max;
      const unit = spec.unit === "" ? "" : ` ${spec.unit}`;
      return right ? undefined : `a whole number from ${spec.min} to ${spec.max}${unit}`;
    }
    case "text":
      return typeof value === "string" && value.length <= spec.maxLength
        ? undefined
        : `a text of at most ${spec.maxLength} characters`;
    case "choice":
      return spec.values.includes(value as string | number) ? undefined : `one of ${spec.values.join(", ")}`;
    case "list": {
      const items = value as readonly unknown[];
      const right = items.length <= 100 && items.every(spec.of === "text" ? isText : isTool);
      return right ? undefined : spec.of === "text" ? "at most 100 tool names" : "at most 100 tools, each with a name";
    }
  }
}

const isText = (value: unknown): boolean => typeof value === "string" && value.length <= limits.nameLength;
const isTool = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "name" in value && isText(value.name);

function problemTogether(type: string, attributes: Attributes): string | undefined {
  if (type === "slicer" && Number(attributes.size_variation) > Number(attributes.average_size)) {
    const { size_variation: variation, average_size: average } = attributes;
    return `attribute size_variation of slicer must be at most average_size (${average}), got ${variation}`;
  }
  if (type === "tools_changed") {
    const { remove, add, describe } = attributes as { remove: unknown[]; add: unknown[]; describe: string };
    if (remove.length === 0 && add.length === 0 && describe === "") {
      return "tools_changed needs at least one of the attributes remove, add, describe";
    }
  }
  return undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
