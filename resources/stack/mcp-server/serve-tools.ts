/** An MCP server of the stack as a service: its sessions at /mcp, and its health, state and reset for the lab. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { assertControl, assertReader, readControlToken } from "../http/control.ts";
import { readEnvironment, type Variables } from "../http/environment.ts";
import { parseJson } from "../http/json.ts";
import { readProcessGauges } from "../http/process-gauges.ts";
import {
  bodyLimitBytes,
  HttpError,
  pathOf,
  type RunningService,
  readBody,
  sendJson,
  sendNothing,
  serve,
} from "../http/serve.ts";
import { CallCounter } from "./call-counter.ts";
import { Sessions, type SessionsOptions } from "./sessions.ts";

export interface ToolService extends SessionsOptions {
  name: string;
  /** Unless PORT says otherwise. */
  port: number;
  toolNames: readonly string[];
  /** What `GET /state` reports besides the calls. */
  counts: () => Record<string, number>;
  /** Restores the initial data. */
  reset: () => void;
  /** What else it serves, by method and path, such as `POST /v1/embeddings`. */
  routes?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>>;
}

export function serveTools(service: ToolService, variables: Variables): Promise<RunningService> {
  const { name } = service;
  const { controlToken, ...listening } = readEnvironment(variables, (environment) => ({
    ...environment.listening(service.port),
    controlToken: readControlToken(environment),
  }));
  const calls = new CallCounter(service.toolNames);
  const sessions = new Sessions(service, (body) => calls.count(body));

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const route = `${request.method} ${pathOf(request)}`;
    if (service.routes && Object.hasOwn(service.routes, route)) return service.routes[route]?.(request, response);
    switch (route) {
      case "POST /mcp":
        return handlePost(sessions, request, response);
      case "GET /mcp":
      case "DELETE /mcp":
        return sessions.handle(request, response);
      case "GET /healthz":
        return sendJson(response, 200, {
          status: "ok",
          diagnostics: { ...readProcessGauges(), sessions: sessions.size },
        });
      case "GET /state":
        assertReader(request, controlToken);
        return sendJson(response, 200, { ...service.counts(), toolCalls: calls.read() });
      case "POST /reset":
        assertControl(request, controlToken);
        service.reset();
        calls.reset();
        console.log(`${name} reset`);
        return sendNothing(response);
      default:
        if (pathOf(request) === "/mcp")
          throw new HttpError(405, "Use POST, GET or DELETE.", { allow: "POST, GET, DELETE" });
        throw new HttpError(404, `No route for ${request.method} ${pathOf(request)}.`);
    }
  };

  return serve({ name, ...listening, handle, onStop: () => sessions.closeAll() });
}

async function handlePost(sessions: Sessions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = (await readBody(request, bodyLimitBytes)).toString("utf8");
  const body = parseJson(text);
  if (body === undefined) {
    const error = { code: -32700, message: "Parse error: the body is not valid JSON" };
    return sendJson(response, 400, { jsonrpc: "2.0", error, id: null });
  }
  return sessions.handle(request, response, body);
}
