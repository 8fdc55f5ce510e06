import { z } from "zod";
import { parseAs } from "../parse-as.ts";

/** A link as the proxy has it: the fields read from Toxiproxy's `GET /proxies`. */
const linkState = z.object({
  enabled: z.boolean(),
  toxics: z.array(z.object({ name: z.string(), type: z.string() })),
});
export type LinkState = z.infer<typeof linkState>;

const answer = z.record(z.string(), linkState);

/** Parses the answer of `/proxies`: each link by its name. */
export function readLinkStates(data: unknown): Map<string, LinkState> {
  return new Map(Object.entries(parseAs(answer, data, "the fault proxy's list of links")));
}
