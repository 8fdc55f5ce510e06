import type { IncomingMessage, ServerResponse } from "node:http";
import { assertControl, assertReader, readControlToken } from "../http/control.ts";
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";
import { parseJson } from "../http/json.ts";
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
import { Ledger } from "./ledger.ts";
import { Sessions } from "./sessions.ts";
import { createToolServer } from "./tools.ts";

export function startPayments(variables: Variables): Promise<RunningService> {
  const configuration = readEnvironment(variables, readConfiguration);
  const ledger = new Ledger();
  const calls = new CallCounter();
  const sessions = new Sessions(
    () => createToolServer(ledger),
    (body) => calls.count(body),
  );

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (`${request.method} ${pathOf(request)}`) {
      case "POST /mcp":
        return handlePost(sessions, request, response);
      case "GET /mcp":
      case "DELETE /mcp":
        return sessions.handle(request, response);
      case "GET /healthz":
        return sendJson(response, 200, { status: "ok" });
      case "GET /state":
        assertReader(request, configuration.controlToken);
        return sendJson(response, 200, { ...ledger.counts(), toolCalls: calls.read() });
      case "POST /reset":
        assertControl(request, configuration.controlToken);
        ledger.reset();
        calls.reset();
        console.log("payments-mcp ledger reset");
        return sendNothing(response);
      default:
        if (pathOf(request) === "/mcp")
          throw new HttpError(405, "Use POST, GET or DELETE.", { allow: "POST, GET, DELETE" });
        throw new HttpError(404, `No route for ${request.method} ${pathOf(request)}.`);
    }
  };

  return serve({ name: "payments-mcp", ...configuration, handle, onStop: () => sessions.closeAll() });
}

function readConfiguration(environment: EnvironmentReader) {
  return {
    ...environment.listening(8421),
    controlToken: readControlToken(environment),
  };
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
