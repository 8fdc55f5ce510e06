/** An Upstream without a network, on which a test controls how each request ends. */
import type { RequestOptions, Upstream } from "../backends/upstream.ts";
import { readReply, type UpstreamReply } from "../backends/upstream-reply.ts";

export const reply = (): UpstreamReply => readReply('{"jsonrpc":"2.0","id":"1","result":{}}', "1");

export function scriptedUpstream(request: (options: RequestOptions) => Promise<UpstreamReply>): Upstream {
  return {
    name: "test",
    about: () => Promise.reject(new Error("not used")),
    request: (_method, _params, options) => request(options),
    beginClient: async () => {},
    endClient: () => {},
    close: async () => {},
  };
}
