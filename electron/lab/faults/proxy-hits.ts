import { z } from "zod";

/** A request that met a fault, as the proxy tells of it. Source: its own `/hits`. */
const hit = z.object({
  seq: z.int(),
  at: z.number(),
  link: z.string(),
  toxic: z.string(),
  method: z.string().optional(),
  tool: z.string().optional(),
  traceparent: z.string().optional(),
  effect: z.string(),
});
export type Hit = z.infer<typeof hit>;

const answer = z.object({ hits: z.array(hit) });

/** What the proxy answers at `/hits`. */
export function readHits(data: unknown): Hit[] {
  return answer.parse(data).hits;
}
