import type { IncomingMessage, ServerResponse } from "node:http";
import { assertControl, assertReader, readControlToken } from "../http/control.ts";
import { type EnvironmentReader, parseDurationMs, readEnvironment, type Variables } from "../http/environment.ts";
import { readProcessGauges } from "../http/process-gauges.ts";
import { HttpError, pathOf, type RunningService, readJsonObject, sendJson, sendNothing, serve } from "../http/serve.ts";
import { contextOf } from "../telemetry/http-span.ts";
import { AutoApproval } from "./auto-approval.ts";
import { Clicker, type ClickRequest } from "./clicker.ts";
import { defaultMessageLimit, MessageStore } from "./message-store.ts";
import { callTraced } from "./web-api.ts";

export function startMockSlack(variables: Variables): Promise<RunningService> {
  const configuration = readEnvironment(variables, readConfiguration);
  const { botToken, controlToken, autoApproveAfterMs } = configuration;
  const store = new MessageStore({ limit: configuration.messageLimit });
  const clicker = new Clicker({ store, ...configuration });
  const autoApproval = new AutoApproval(store, clicker, autoApproveAfterMs);
  const webApi = { store, botToken, onPosted: autoApproval.watch.bind(autoApproval) };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request);
    if (request.method === "POST" && path.startsWith("/api/")) {
      return sendJson(response, 200, await callTraced(path.slice("/api/".length), request, webApi));
    }
    if (request.method === "POST") assertControl(request, controlToken);
    switch (`${request.method} ${path}`) {
      case "GET /healthz":
        return sendJson(response, 200, {
          status: "ok",
          diagnostics: { ...readProcessGauges(), messages: store.all().length },
        });
      case "GET /messages":
        assertReader(request, controlToken);
        return sendJson(response, 200, { messages: store.all() });
      case "POST /click":
        return answerClick(
          clicker,
          { ...readClick(await readJsonObject(request)), trace: contextOf(request) },
          response,
        );
      case "POST /settings":
        autoApproval.set(readAutoApproveAfter(await readJsonObject(request)));
        return sendNothing(response);
      case "POST /reset":
        store.clear();
        autoApproval.set(autoApproveAfterMs);
        return sendNothing(response);
      default:
        throw new HttpError(404, `No route for ${request.method} ${path}.`);
    }
  };

  return serve({ name: "mock-slack", ...configuration, handle, onStop: () => autoApproval.cancelAll() });
}

function readConfiguration(environment: EnvironmentReader) {
  return {
    ...environment.listening(8090),
    controlToken: readControlToken(environment),
    botToken: environment.string("SLACK_BOT_TOKEN", "xoxb-random-characters"),
    signingSecret: environment.string("SLACK_SIGNING_SECRET", "32-random-characters-of-the-gateway-too"),
    actionsUrl: environment.httpUrl("SLACK_ACTIONS_URL", "http://127.0.0.1:18080/slack/actions"),
    messageLimit: environment.integer("MESSAGE_LIMIT", { fallback: defaultMessageLimit, min: 1, max: 100_000 }),
    autoApproveAfterMs: environment.optionalDurationMs("AUTO_APPROVE_AFTER", "2s"),
  };
}

function readClick(body: Record<string, unknown>): ClickRequest {
  const { action, ticket, mentions, user = "approver" } = body;
  if (action !== "approve" && action !== "deny") throw new HttpError(400, 'action must be "approve" or "deny".');
  if (ticket !== undefined && typeof ticket !== "string") throw new HttpError(400, "ticket must be a string.");
  if (mentions !== undefined && typeof mentions !== "string") throw new HttpError(400, "mentions must be a string.");
  if (typeof user !== "string" || !/^[\w.-]{1,80}$/.test(user)) {
    throw new HttpError(400, "user must be a name of letters, digits, dots, dashes and underscores.");
  }
  return { action, ticket, mentions, user };
}

/** Responds with the gateway's response; 409 if there is nothing to click, 504 if the gateway did not answer. */
async function answerClick(clicker: Clicker, request: ClickRequest, response: ServerResponse): Promise<void> {
  const outcome = await clicker.click(request);
  if (outcome.kind === "answered") return sendJson(response, 200, { status: outcome.status, body: outcome.body });
  throw new HttpError(outcome.kind === "unanswered" ? 504 : 409, outcome.reason);
}

function readAutoApproveAfter({ autoApproveAfter }: Record<string, unknown>): number | undefined {
  if (autoApproveAfter === null) return undefined;
  const ms = typeof autoApproveAfter === "string" ? parseDurationMs(autoApproveAfter) : undefined;
  if (ms === undefined)
    throw new HttpError(400, 'autoApproveAfter must be a duration such as "2s", or null for never.');
  return ms;
}
