import { z } from "zod";
import { parseJson } from "../../model/json.ts";
import { parseAs } from "../parse-as.ts";

/** A request that met a fault, as the proxy reports it. Source: its own `/hits`. */
const hit = z.object({
  seq: z.int(),
  at: z.number(),
  link: z.string(),
  toxic: z.string(),
  method: z.string().optional(),
  tool: z.string().optional(),
  sessionId: z.string().optional(),
  traceparent: z.string().optional(),
  effect: z.string(),
});
export type Hit = z.infer<typeof hit>;

const answer = z.object({ hits: z.array(hit) });
/** A line of `/hits/stream`: a hit, a heartbeat, or how many hits were skipped. */
const line = z.union([hit, z.object({ heartbeat: z.number() }), z.object({ dropped: z.number() })]);

/** Parses the answer of `/hits`. */
export function readHits(data: unknown): Hit[] {
  return parseAs(answer, data, "the fault proxy's list of hits").hits;
}

/** Parses one hit. */
export function readHit(data: unknown): Hit {
  return hit.parse(data);
}

/** The hit in a line of the stream; undefined for any other line. */
export function readHitLine(text: string): Hit | undefined {
  const parsed = parseAs(line, parseJson(text), "a line of the fault proxy's stream of hits");
  return "seq" in parsed ? parsed : undefined;
}
