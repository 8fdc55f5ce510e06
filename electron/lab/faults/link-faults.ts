import { z } from "zod";
import type { PhrasedLinkFault } from "../../model/headline/fault-phrase.ts";
import { duration } from "../documents/duration-field.ts";

/** A toxic as the fault proxy takes it (Toxiproxy's names, and its own for HTTP and MCP). */
export interface ToxicBody {
  type: string;
  stream: "upstream" | "downstream";
  toxicity?: number | undefined;
  attributes: Record<string, unknown>;
  match?: Record<string, unknown> | undefined;
  seed?: number | undefined;
}

const link = z
  .string()
  .regex(/^(role:)?[\w-]+->(role:)?[\w-]+$/, { error: 'expected a link of the stack file, "caller->callee"' });
const whole = z.int().nonnegative();

const everyFault = {
  for: duration.optional().describe("undone by itself after this time (default: 10 minutes)"),
};
const chance = z.number().min(0).max(1).optional();
/** Further fields of a fault on bytes. */
const onBytes = {
  ...everyFault,
  toward: z.enum(["caller", "callee"]).optional().describe("which direction of the link (default: toward the caller)"),
  toxicity: chance.describe("the chance that a connection meets it (default 1)"),
  seed: z.int().nonnegative().optional().describe("makes chance repeatable"),
};
/** Further fields of a fault on HTTP or MCP. */
const onRequests = {
  ...everyFault,
  match: z
    .strictObject({
      method: z.string().optional(),
      tool: z.string().optional(),
      http_method: z.string().optional(),
      path: z.string().optional(),
      ordinal: z.int().positive().optional(),
      first: z.int().positive().optional(),
      probability: chance,
    })
    .optional()
    .describe("only these requests: by JSON-RPC method, tool, HTTP method, path, the nth, the first n, or by chance"),
  seed: z.int().nonnegative().optional(),
};
const events = z.int().nonnegative().optional().describe("events of the stream that pass first");

/** Attributes that are durations in a scenario and milliseconds (or another unit) in the proxy. */
type Rename = Record<string, string | { to: string; scale: number }>;

const kind = <Own extends z.ZodRawShape>(effect: string, own: Own, rename: Rename = {}) => ({ effect, own, rename });

const BYTE_FAULTS = {
  latency: kind("slowed down", { by: duration, jitter: duration.optional() }, { by: "latency" }),
  bandwidth: kind("throttled", {
    rate: z.int().nonnegative().describe("kilobytes of 1000 bytes a second; 0 stalls the link"),
  }),
  slow_close: kind("slow to close", { by: duration }, { by: "delay" }),
  timeout: kind(
    "silent",
    { after: duration.optional().describe("then closed; never, if left out") },
    { after: "timeout" },
  ),
  reset_peer: kind("reset", { after: duration.optional() }, { after: "timeout" }),
  slicer: kind(
    "cut into slices",
    { size: z.int().positive(), variation: whole.optional(), delay: duration.optional() },
    { size: "average_size", variation: "size_variation", delay: { to: "delay", scale: 1_000 } },
  ),
  limit_data: kind("closed after some bytes", { bytes: whole }),
};
const REQUEST_FAULTS = {
  http_status: kind(
    "answered with an HTTP error",
    { status: z.int().min(200).max(599), retry_after: duration.optional() },
    { retry_after: { to: "retry_after", scale: 0.001 } },
  ),
  http_delay: kind("answered late", { by: duration, jitter: duration.optional() }, { by: "delay" }),
  mcp_error: kind("answered with a JSON-RPC error", { code: z.int().optional(), message: z.string().optional() }),
  malformed: kind("answered with a malformed reply", { kind: z.enum(["json", "http"]).optional() }),
  truncated: kind("answered with a truncated reply", { bytes: whole.optional() }),
  session_lost: kind("answered that the session is lost", {
    status: z.union([z.literal(404), z.literal(400), z.literal(200)]).optional(),
    sessions: z
      .enum(["existing", "any"])
      .optional()
      .describe("only sessions that are older than the fault (default), or also those that begin during it"),
  }),
  session_rotated: kind("given another session id", {}),
  stream_cut: kind("cut in mid-stream", { after_events: events }),
  stream_stalled: kind("stalled in mid-stream", { after_events: events }),
  stream_duplicated: kind("sent stream events twice", { after_events: events }),
  stream_split: kind("sent a character in two halves", { by: duration.optional() }, { by: "delay" }),
  event_ids_skipped: kind("sent gaps in event ids", { every: z.int().positive().optional() }),
  get_stream_refused: kind("refused the GET stream", { status: z.int().min(200).max(599).optional() }),
  reply_lost: kind("response dropped, after the call was executed", {}),
  request_lost: kind("request dropped, before it was executed", {}),
  tools_changed: kind("shown other tools", {
    remove: z.array(z.string()).optional(),
    describe: z.string().optional(),
  }),
};
const DOWN = { down: kind("closed, and refusing connections", {}) };
/** Breaks nothing: has a sidecar on the link, so that its calls are read. No scenario or person asks for it as a fault. */
const OBSERVE = { observe: kind("observed", {}) };
const KINDS = { ...BYTE_FAULTS, ...REQUEST_FAULTS, ...DOWN, ...OBSERVE } satisfies Record<
  PhrasedLinkFault | "observe",
  object
>;

export type LinkFaultKind = keyof typeof KINDS;
export const LINK_FAULTS: readonly PhrasedLinkFault[] = Object.keys({
  ...BYTE_FAULTS,
  ...REQUEST_FAULTS,
  ...DOWN,
}) as Exclude<LinkFaultKind, "observe">[];

/** Faults whose hits the proxy counts: a closed link accepts nothing to count. */
export const COUNTED_FAULTS = LINK_FAULTS.filter((kind) => kind !== "down");

/** A link fault as a scenario writes it, `{latency: "gateway->payments-mcp", by: 500}`, its durations in milliseconds. */
export interface LinkFaultSpec {
  for?: number | undefined;
  [field: string]: unknown;
}

type Unknown = z.core.$ZodRawIssue<z.core.$ZodIssueUnrecognizedKeys>;

/** What a fault that reads bytes, or nothing, cannot do: it does not know which call it meets. */
function noMatch(name: string) {
  return (issue: z.core.$ZodRawIssue): string | undefined =>
    issue.code === "unrecognized_keys" && (issue as Unknown).keys.every((key) => key === "match")
      ? `${name} cannot "match" a tool or a request: it meets whole connections. Those that can: ${Object.keys(REQUEST_FAULTS).join(", ")}`
      : undefined;
}

function schemasOf(table: Record<string, { own: z.ZodRawShape }>, common: z.ZodRawShape): z.ZodType<LinkFaultSpec>[] {
  return Object.entries(table).map(([name, { own }]) => {
    const fields = { [name]: link, ...own, ...common };
    return "match" in common ? z.strictObject(fields) : z.strictObject(fields, { error: noMatch(name) });
  });
}

export const LINK_FAULT_SCHEMAS: z.ZodType<LinkFaultSpec>[] = [
  ...schemasOf(BYTE_FAULTS, onBytes),
  ...schemasOf(REQUEST_FAULTS, onRequests),
  ...schemasOf(DOWN, everyFault),
];

/** Whether the proxy reports which requests met the fault: it reads HTTP for these, bytes for the others. */
export function readsRequests(kind: LinkFaultKind): boolean {
  return kind in REQUEST_FAULTS;
}

export function effectOf(kind: LinkFaultKind): string {
  return KINDS[kind].effect;
}

const NOT_ATTRIBUTES = ["for", "toward", "toxicity", "seed", "match"];

/** The toxic to send to the proxy; undefined for `down`, which is a state of the link and not a toxic. */
export function toToxic(kind: LinkFaultKind, spec: LinkFaultSpec): ToxicBody | undefined {
  if (kind === "down") return undefined;
  const rename: Rename = KINDS[kind].rename;
  const attributes = Object.entries(spec)
    .filter(([name, value]) => name !== kind && !NOT_ATTRIBUTES.includes(name) && value !== undefined)
    .map(([name, value]): [string, unknown] => {
      const target = rename[name] ?? name;
      if (typeof target === "string") return [target, typeof value === "number" ? Math.round(value) : value];
      return [target.to, Math.round(Number(value) * target.scale)];
    });
  return {
    type: kind === "observe" ? "noop" : kind,
    stream: spec.toward === "callee" ? "upstream" : "downstream",
    toxicity: spec.toxicity as number | undefined,
    attributes: Object.fromEntries(attributes),
    match: spec.match as Record<string, unknown> | undefined,
    seed: spec.seed as number | undefined,
  };
}
