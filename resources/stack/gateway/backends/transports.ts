/** The transports of backends. A new one is an Upstream and an entry here. */
import { HttpUpstream } from "./http-upstream.ts";
import type { Upstream, UpstreamOptions } from "./upstream.ts";

const transports = {
  "streamable-http": (options: UpstreamOptions): Upstream => new HttpUpstream(options),
} as const;

export type Transport = keyof typeof transports;

export function openUpstream(transport: Transport, options: UpstreamOptions): Upstream {
  return transports[transport](options);
}
