/**
 * The SDK's transport keeps the whole response of every request until its session ends, if it answers with JSON. The gateway has
 * a session of its own that never ends, so what is answered is removed here. To be deleted when the SDK does it.
 */
import type { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";

interface Internals {
  _webStandardTransport?: {
    _streamMapping?: Map<string, { resolveJson?: unknown }>;
    _requestToStreamMapping?: Map<unknown, string>;
  };
}

export function forgetAnswered(transport: StreamableHTTPServerTransport): void {
  const { _streamMapping: streams, _requestToStreamMapping: streamOfRequest } =
    (transport as unknown as Internals)._webStandardTransport ?? {};
  if (!streams || !streamOfRequest) return;
  const awaited = new Set(streamOfRequest.values());
  for (const [id, { resolveJson }] of streams) if (resolveJson && !awaited.has(id)) streams.delete(id);
}
