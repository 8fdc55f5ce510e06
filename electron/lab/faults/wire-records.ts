import { z } from "zod";
import { parseJson } from "../../model/json.ts";
import { parseAs } from "../parse-as.ts";

/** An exchange on a link, as the fault proxy reports it. Source: its own `/wire`; times are milliseconds after `at`. */
const wireRecord = z.object({
  seq: z.int(),
  id: z.string(),
  at: z.number(),
  link: z.string(),
  http: z.string(),
  method: z.string().optional(),
  tool: z.string().optional(),
  jsonrpcId: z.union([z.string(), z.number()]).optional(),
  sessionId: z.string().optional(),
  traceparent: z.string().optional(),
  requestBytes: z.int(),
  replyBytes: z.int(),
  status: z.int().optional(),
  firstByteMs: z.number().optional(),
  endMs: z.number().optional(),
  events: z.int().optional(),
  rpcError: z.object({ code: z.number().nullable(), message: z.string() }).optional(),
  isError: z.literal(true).optional(),
  answer: z.enum(["missing", "unread"]).optional(),
  cut: z.string().optional(),
  toxics: z.array(z.string()).optional(),
  requestBody: z.string().optional(),
  replyBody: z.string().optional(),
});
export type WireRecord = z.infer<typeof wireRecord>;

const page = z.object({ calls: z.array(wireRecord), next: z.int() });
/** A line of `/wire/stream`: an exchange, a heartbeat, or how many were left out, which their numbers say as well. */
const line = z.union([wireRecord, z.object({ heartbeat: z.number() }), z.object({ dropped: z.number() })]);

/** Parses a page of `/wire`: its exchanges, and the number of the last one that it is about. */
export function readWirePage(data: unknown): { calls: WireRecord[]; next: number } {
  return parseAs(page, data, "the fault proxy's list of exchanges");
}

export function readWireRecord(data: unknown): WireRecord {
  return wireRecord.parse(data);
}

/** The exchange in a line of the stream; undefined for any other line. */
export function readWireLine(text: string): WireRecord | undefined {
  const parsed = parseAs(line, parseJson(text), "a line of the fault proxy's stream of exchanges");
  return "seq" in parsed ? parsed : undefined;
}
