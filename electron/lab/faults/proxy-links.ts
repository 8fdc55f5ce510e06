import { z } from "zod";

/** A link as the proxy has it. Source: Toxiproxy's `GET /proxies`, of which more is not read. */
const linkState = z.object({
  enabled: z.boolean(),
  toxics: z.array(z.object({ name: z.string(), type: z.string() })),
});
export type LinkState = z.infer<typeof linkState>;

const answer = z.record(z.string(), linkState);

/** What the proxy answers at `/proxies`: each link by its name. */
export function readLinkStates(data: unknown): Map<string, LinkState> {
  return new Map(Object.entries(answer.parse(data)));
}
