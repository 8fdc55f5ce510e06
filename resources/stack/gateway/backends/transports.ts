/** The transports of backends. A new one is an Upstream and an entry here. */
import { HttpUpstream } from "./http-upstream.ts";
import { SseUpstream } from "./sse-upstream.ts";
import { type StdioCommand, StdioUpstream } from "./stdio-upstream.ts";
import type { HttpTarget, Upstream, UpstreamOptions } from "./upstream.ts";

export type Connection =
  | ({ transport: "streamable-http" | "sse" } & HttpTarget)
  | ({ transport: "stdio" } & StdioCommand);

export function openUpstream(connection: Connection, options: UpstreamOptions): Upstream {
  switch (connection.transport) {
    case "streamable-http":
      return new HttpUpstream(connection, options);
    case "sse":
      return new SseUpstream(connection, options);
    case "stdio":
      return new StdioUpstream(connection, options);
  }
}
