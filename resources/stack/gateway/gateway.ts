/** Builds the gateway's parts, wires them and gives them a port. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Pool } from "pg";
import { HttpError, pathOf, type RunningService, sendJson, serve } from "../http/serve.ts";
import { Approvals } from "./approvals/approvals.ts";
import { endLeftovers, type Leftover } from "./approvals/leftovers.ts";
import { SlackActions } from "./approvals/slack-actions.ts";
import { SlackChannel } from "./approvals/slack-channel.ts";
import { Tickets } from "./approvals/tickets.ts";
import { explainDatabaseFailure, openPool } from "./audit/database.ts";
import { prepareSchema } from "./audit/schema.ts";
import { AuditSpool } from "./audit/spool.ts";
import { auditWriter } from "./audit/writer.ts";
import { Backend } from "./backends/backend.ts";
import { CapabilityCache } from "./backends/capability-cache.ts";
import { CallHistory } from "./calls/history.ts";
import { ToolCalls } from "./calls/tool-call.ts";
import { ProcessMonitor } from "./diagnostics.ts";
import { type HealthParts, healthReport } from "./health.ts";
import { McpEndpoint } from "./mcp/endpoint.ts";
import { notificationText } from "./mcp/messages.ts";
import { Methods } from "./mcp/methods.ts";
import type { Policy } from "./policy/policy.ts";
import { PolicyError, readPolicyFile } from "./policy/policy-file.ts";
import { Sessions } from "./sessions/sessions.ts";
import type { Settings } from "./settings.ts";

/** Which check of the start failed. The message says what was seen and what to do. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

type Log = (line: string) => void;

const sessionsLimit = 10_000;
const stopGraceMs = 1_000;
const drainMs = 1_200;
const poolEndMs = 300;
// Longer than agents idle between calls: a connection is closed by who is less likely to be sending on it.
const idleConnectionMs = 65_000;

export async function startGateway(settings: Settings, log: Log): Promise<RunningService> {
  const policy = loadPolicy(settings.policyFile);
  const pool = openPool(settings.databaseUrl, log);
  try {
    const leftovers = await prepareDatabase(pool, settings.databaseUrl);
    return await run(settings, policy, pool, leftovers, log);
  } catch (error) {
    await pool.end();
    throw error;
  }
}

function loadPolicy(file: string): Policy {
  try {
    return readPolicyFile(file);
  } catch (error) {
    if (error instanceof PolicyError) throw new CannotStart(`policy: ${error.message}`, { cause: error });
    throw error;
  }
}

async function prepareDatabase(pool: Pool, databaseUrl: string): Promise<Leftover[]> {
  try {
    await prepareSchema(pool);
    return await endLeftovers(pool);
  } catch (error) {
    throw new CannotStart(`database: ${explainDatabaseFailure(error, databaseUrl)}`, { cause: error });
  }
}

async function run(
  settings: Settings,
  policy: Policy,
  pool: Pool,
  leftovers: readonly Leftover[],
  log: Log,
): Promise<RunningService> {
  const parts = build(settings, policy, pool, log);
  const { sessions, approvals, audit, backends, monitor } = parts;
  const service = await serve({
    name: "gateway",
    host: settings.host,
    port: settings.port,
    allowedHosts: settings.allowedHosts,
    handle: (request, response) => route(parts, request, response),
    onStop: () => {
      approvals.stop();
      sessions.stop();
    },
    graceMs: stopGraceMs,
  });
  service.server.keepAliveTimeout = idleConnectionMs;
  warnOfMissingSlack(settings, policy, log);
  if (leftovers.length > 0) log(`approvals: ${leftovers.length} tickets of an earlier life ended as expired`);
  void approvals.closeLeftovers(leftovers);
  const stop = async (): Promise<void> => {
    await service.stop();
    for (const backend of backends) backend.close();
    const lost = await audit.drain(drainMs);
    if (lost > 0) log(`audit: ${lost} rows are lost, the database did not take them in time`);
    await Promise.race([pool.end(), new Promise((resolve) => setTimeout(resolve, poolEndMs).unref())]);
    monitor.stop();
  };
  let stopping: Promise<void> | undefined;
  return { ...service, stop: () => (stopping ??= stop()) };
}

interface Parts extends HealthParts {
  endpoint: McpEndpoint;
  slackActions: SlackActions;
}

function build(settings: Settings, policy: Policy, pool: Pool, log: Log): Parts {
  const { protectionsOff, upstreamDeadlineMs: deadlineMs } = settings;
  const audit = new AuditSpool(auditWriter(pool), { limit: settings.auditSpoolLimit, log });
  const history = new CallHistory(settings.historyLimit);
  const approvals = new Approvals({
    tickets: new Tickets(pool),
    slack: new SlackChannel(settings.slack, log),
    ttlMs: protectionsOff.has("approval-ttl") ? undefined : settings.approvalTtlMs,
    log,
  });
  const sessions = new Sessions({
    ttlMs: settings.sessionTtlMs,
    limit: sessionsLimit,
    lockTtlMs: settings.turnLockTtlMs,
    lockWaitMs: settings.turnLockWaitMs,
    onAbandoned: (turnId) => log(`turn ${JSON.stringify(turnId)} was left: its lock ran out after TURN_LOCK_TTL`),
  });
  const backends = settings.backends.map(({ name, url }) => new Backend(name, url, deadlineMs, log));
  const capabilities = new CapabilityCache(backends, {
    keep: !protectionsOff.has("capability-cache"),
    deadlineMs,
    onToolsChanged: () => sessions.announce(notificationText("notifications/tools/list_changed")),
  });
  const toolCalls = new ToolCalls({ settings, policy, capabilities, approvals, audit, history });
  const methods = new Methods({ toolCalls, capabilities, upstreamDeadlineMs: deadlineMs, log });
  return {
    audit,
    approvals,
    backends,
    capabilities,
    history,
    toolCalls,
    sessions,
    monitor: new ProcessMonitor(),
    protectionsOff,
    endpoint: new McpEndpoint(sessions, methods, log),
    slackActions: new SlackActions(approvals, settings.slack.signingSecret, log),
  };
}

function route(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> | void {
  const path = pathOf(request);
  if (path === "/mcp") return parts.endpoint.handle(request, response);
  if (path === "/slack/actions") {
    requireMethod(request, "POST");
    return parts.slackActions.handle(request, response);
  }
  if (path === "/health") {
    requireMethod(request, "GET");
    const query = new URLSearchParams(request.url?.split("?")[1]);
    return sendJson(response, 200, healthReport(parts, Number(query.get("calls")) || 0));
  }
  throw new HttpError(404, "Not found. The gateway serves /mcp, /slack/actions and /health.");
}

function requireMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw new HttpError(405, `Use ${method}.`, { allow: method });
}

function warnOfMissingSlack({ slack }: Settings, policy: Policy, log: Log): void {
  if (!policy.asksForApprovals) return;
  if (!slack.url) log("approvals: SLACK_URL is not set; calls that need one will wait until they expire");
  else if (!slack.signingSecret) log("approvals: SLACK_SIGNING_SECRET is not set; no click will be accepted");
}
