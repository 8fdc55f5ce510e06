import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as requestSecurely } from "node:https";
import { urlToHttpOptions } from "node:url";
import { HttpError, type RunningService, serve } from "../http/serve.ts";

/** Shorter than servers keep idle connections, so that none is used again that its server has closed. */
const IDLE_LIMIT_MS = 3_000;
/** Of one connection, and not of the message; `Host` and `Origin` are those of the local address. */
const LEFT_OUT = new Set([
  "host",
  "origin",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "accept-encoding",
]);

export interface ForwarderSettings {
  host: string;
  /** 0 selects a free port. */
  port: number;
  /** Its origin is used; a request keeps its own path. */
  upstream: URL;
}

/** Serves every path as `upstream` does. What cannot be reached is answered with 502 and a JSON-RPC error that names the cause. */
export function startForwarder({ host, port, upstream }: ForwarderSettings): Promise<RunningService> {
  const isSecure = upstream.protocol === "https:";
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, timeout: IDLE_LIMIT_MS });
  const send = isSecure ? requestSecurely : request;
  return serve({
    name: "forwarder",
    host,
    port,
    allowedHosts: [],
    onStop: () => agent.destroy(),
    handle(incoming, response) {
      const { url: path = "", method } = incoming;
      // Another form would name another server.
      if (!path.startsWith("/")) throw new HttpError(400, "The request's target has to begin with /.");
      // Read by the fault proxy, which decodes nothing.
      const headers = { ...passedOn(incoming.rawHeaders), "accept-encoding": "identity" };
      const outgoing = send({ ...urlToHttpOptions(new URL(upstream.origin)), path, method, headers, agent });
      join(incoming, outgoing, response, upstream);
    },
  });
}

function join(incoming: IncomingMessage, outgoing: ClientRequest, response: ServerResponse, upstream: URL): void {
  outgoing.once("response", (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.statusMessage, passedOn(reply.rawHeaders));
    // A stream of events may have no byte to send for long.
    response.flushHeaders();
    reply.pipe(response);
    reply.once("error", () => response.destroy());
  });
  outgoing.on("error", (error) => {
    if (response.headersSent) return response.destroy();
    const message = `${upstream.origin} cannot be reached: ${causeOf(error)}`;
    const body = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32_000, message } });
    response.writeHead(502, { "content-type": "application/json" }).end(body);
    incoming.resume();
  });
  response.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/** Header names in lower case; a header that is sent several times has a list. */
function passedOn(raw: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (!LEFT_OUT.has(name)) headers[name] = [...(headers[name] ?? []), raw[at + 1] ?? ""];
  }
  return headers;
}

/** Several addresses of one name fail with one error each. */
function causeOf(error: Error): string {
  const causes = error instanceof AggregateError ? error.errors : [error];
  return causes.map((each) => (each instanceof Error ? each.message : String(each))).join(", ");
}
