/** Creates and connects the gateway's parts and listens on its port. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { BoundedHistory } from "../http/bounded-history.ts";
import { ProcessMonitor } from "../http/process-monitor.ts";
import { HttpError, pathOf, type RunningService, sendJson, serve } from "../http/serve.ts";
import { Approvals } from "./approvals/approvals.ts";
import { SlackActions } from "./approvals/slack-actions.ts";
import { SlackChannel } from "./approvals/slack-channel.ts";
import { TimeControl } from "./approvals/time-control.ts";
import { type CallEntry, callRowText } from "./audit/call-row.ts";
import { type ChangeEntry, changeRowText } from "./audit/change-row.ts";
import { explainDatabaseFailure } from "./audit/database.ts";
import { decisionRowText } from "./audit/decision-row.ts";
import type { AuditEntry } from "./audit/entry.ts";
import { Spool } from "./audit/spool.ts";
import { SpoolFiles } from "./audit/spool-files.ts";
import { backendHealthReport, statusReport } from "./backend-reports.ts";
import type { BackendChange } from "./backends/backend.ts";
import { Backends } from "./backends/backends.ts";
import { CapabilityCache } from "./backends/capability-cache.ts";
import { SessionViews } from "./backends/session-views.ts";
import type { PastCall } from "./calls/past-call.ts";
import { ToolCalls } from "./calls/tool-call.ts";
import { type HealthParts, healthReport } from "./health.ts";
import { McpEndpoint } from "./mcp/endpoint.ts";
import { Methods } from "./mcp/methods.ts";
import { Embeddings } from "./optimizer/embeddings.ts";
import { Optimizer } from "./optimizer/optimizer.ts";
import type { Policy } from "./policy/policy.ts";
import { PolicyError, readPolicyFile } from "./policy/policy-file.ts";
import { notificationText } from "./protocol/messages.ts";
import { openRecords, type Readiness, type Records } from "./records.ts";
import { Sessions } from "./sessions/sessions.ts";
import type { RecordSettings, Settings } from "./settings.ts";
import { Pressure, watchPressure } from "./subscribers/pressure.ts";
import { Subscribers } from "./subscribers/subscribers.ts";

/** A failed check at start. The message gives the observation and the next step. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

type Log = (line: string) => void;

const stopGraceMs = 1_000;
const drainMs = 1_200;
const poolEndMs = 300;
// Longer than agents idle between calls, so that the agent closes the connection, not the gateway while a request arrives.
const idleConnectionMs = 65_000;

export interface RunningGateway extends RunningService {
  /** Takes over these backends, and how their names are resolved. */
  update: (settings: Pick<Settings, "backends" | "conflicts">) => void;
}

/**
 * Resolves once it serves. The port is bound before the spool folder is changed, so that a second gateway with the same
 * configuration fails without side effects. @throws CannotStart, or StartError if it cannot listen
 */
export async function startGateway(settings: Settings, log: Log): Promise<RunningGateway> {
  const policy = loadPolicy(settings.policyFile);
  let parts: Parts | undefined;
  const service = await serve({
    name: "gateway",
    host: settings.host,
    port: settings.port,
    allowedHosts: settings.allowedHosts,
    handle: (request, response) => {
      if (!parts) throw new HttpError(503, "The gateway is starting. Try again.", { "retry-after": "1" });
      return route(parts, request, response);
    },
    onStop: () => {
      parts?.approvals.stop();
      parts?.sessions.stop();
      parts?.subscribers.stop();
    },
    graceMs: stopGraceMs,
  });
  service.server.keepAliveTimeout = idleConnectionMs;
  let built: Parts | undefined;
  const stop = async (): Promise<void> => {
    await service.stop();
    if (built) await end(built, settings, log);
  };
  let stopping: Promise<void> | undefined;
  const running = { ...service, stop: () => (stopping ??= stop()) };
  try {
    const files = openFiles(settings.auditSpoolFolder);
    built = build(settings, policy, files, openOrExplain(settings, log), log);
    await startRecovery(built.recovery, settings.records);
  } catch (error) {
    await running.stop();
    throw error;
  }
  warnOfMissingSlack(settings, policy, log);
  parts = built;
  const { backends, capabilities } = built;
  capabilities.fill();
  backends.monitor((backend, probeDeadlineMs) => capabilities.probe(backend, probeDeadlineMs));
  return {
    ...running,
    update: (changed) => {
      capabilities.reconfigured(changed.conflicts, backends.update(changed.backends));
      log(`backends: ${backends.all.map(({ name }) => name).join(", ")}`);
    },
  };
}

async function end(parts: Parts, settings: Settings, log: Log): Promise<void> {
  const { recovery, backends, audit, calls, changes, records, monitor, toolCalls } = parts;
  recovery.stop();
  const sessionsEnded = backends.close();
  await toolCalls.idle(stopGraceMs);
  await Promise.all([
    sessionsEnded,
    ...[audit, calls, changes].map(async (spool) => {
      const waiting = await spool.drain(drainMs);
      if (waiting > 0) log(`${spool.name}: ${waiting} rows stay in ${settings.auditSpoolFolder} for the next start`);
    }),
  ]);
  await Promise.race([records.close(), new Promise((resolve) => setTimeout(resolve, poolEndMs).unref())]);
  monitor.stop();
  parts.stopWatching();
}

function loadPolicy(file: string): Policy {
  try {
    return readPolicyFile(file);
  } catch (error) {
    if (error instanceof PolicyError) throw new CannotStart(`policy: ${error.message}`, { cause: error });
    throw error;
  }
}

function openFiles(folder: string): SpooledFiles {
  try {
    const filesOf = (rows: string) => new SpoolFiles(folder, rows);
    return { audit: filesOf("audit"), calls: filesOf("calls"), changes: filesOf("backend-changes") };
  } catch (error) {
    const hint = "Set AUDIT_SPOOL_FOLDER to a folder that the gateway may write to";
    throw new CannotStart(`audit: ${(error as Error).message}. ${hint}.`, { cause: error });
  }
}

function openOrExplain({ records, historyLimit }: Settings, log: Log): Records {
  try {
    return openRecords(records, historyLimit, log);
  } catch (error) {
    const hint = "Set AUDIT_FILE to a file that the gateway may write";
    throw new CannotStart(`audit: ${(error as Error).message}. ${hint}.`, { cause: error });
  }
}

async function startRecovery(recovery: Readiness, records: RecordSettings): Promise<void> {
  try {
    await recovery.start();
  } catch (error) {
    if (records.in === "file") throw error;
    throw new CannotStart(`database: ${explainDatabaseFailure(error, records.url)}`, { cause: error });
  }
}

interface SpooledFiles {
  audit: SpoolFiles;
  calls: SpoolFiles;
  changes: SpoolFiles;
}

interface Parts extends HealthParts {
  records: Records;
  endpoint: McpEndpoint;
  slackActions: SlackActions;
  timeControl: TimeControl;
  stopWatching: () => void;
}

function build(settings: Settings, policy: Policy, files: SpooledFiles, records: Records, log: Log): Parts {
  const { protectionsOff } = settings;
  const bounds = { limit: settings.auditSpoolLimit, log };
  const audit = new Spool<AuditEntry>(records.decisions, files.audit, {
    ...bounds,
    name: "audit",
    rowText: decisionRowText,
  });
  const calls = new Spool<CallEntry>(records.calls, files.calls, {
    ...bounds,
    name: "calls",
    rowText: callRowText,
  });
  const changes = new Spool<ChangeEntry>(records.changes, files.changes, {
    ...bounds,
    name: "backend changes",
    rowText: changeRowText,
  });
  const history = new BoundedHistory<PastCall>(settings.historyLimit);
  const recovery: Readiness = records.readiness({ audit, calls }, (orphans) => {
    if (orphans.length > 0) log(`approvals: ${orphans.length} tickets of an earlier gateway process expired`);
    void approvals.closeOrphanedTickets(orphans);
  });
  const approvals = new Approvals({
    tickets: records.tickets(() => recovery.problem),
    slack: new SlackChannel(settings.slack, log),
    ttlMs: protectionsOff.has("approval-ttl") ? undefined : settings.approvalTtlMs,
    callerReturnMs: settings.callerReturnMs,
    log,
  });
  const announceTools = () => sessions.announce(notificationText("notifications/tools/list_changed"));
  const backends = new Backends(settings.backends, {
    log,
    onChange: (change: BackendChange) => {
      const { backend, what, from, to, reason } = change;
      log(`backend ${backend}: ${what} ${from} -> ${to}: ${reason}`);
      void changes.add({ ...change, changedMs: Date.now() });
      if (settings.sessionTools === "follow") announceTools();
    },
    onToolsChanged: (backend) => capabilities.announced(backend),
  });
  const capabilities = new CapabilityCache(backends, {
    keep: !protectionsOff.has("capability-cache"),
    pinsDefinitions: !protectionsOff.has("definition-pinning"),
    keepsOwners: !protectionsOff.has("name-ownership"),
    resolve: settings.conflicts,
    log,
    onToolsChanged: announceTools,
  });
  const views = new SessionViews(backends, settings.sessionTools);
  const sessions = new Sessions({
    onBegin: (session) => views.begin(session),
    onEnd: (session) => views.end(session),
    ttlMs: settings.sessionTtlMs,
    abandonedAfterMs: settings.sessionAbandonedAfterMs,
    limit: settings.sessionLimit,
    lockTtlMs: settings.turnLockTtlMs,
    lockWaitMs: settings.turnLockWaitMs,
    onAbandoned: (turnId) => log(`turn ${JSON.stringify(turnId)} was abandoned: its lock expired after TURN_LOCK_TTL`),
  });
  const pressure = new Pressure(() => Math.max(0, toolCalls.waiting - approvals.waiting));
  const subscribers = new Subscribers({
    isUnderPressure: () => !protectionsOff.has("mirror-shedding") && pressure.isOpen,
    boundsUnread: !protectionsOff.has("subscriber-bounds"),
  });
  const toolCalls: ToolCalls = new ToolCalls({
    settings,
    policy,
    capabilities,
    views,
    approvals,
    audit: noting(audit, (entry) => subscribers.decided(entry)),
    calls: noting(calls, (entry) => subscribers.ended(entry)),
    subscribers,
    history,
  });
  const optimizer = settings.optimizer === "off" ? undefined : openOptimizer(settings, capabilities);
  const listsOptimizer = settings.optimizer === "on";
  const methods = new Methods({
    optimizer,
    listsOptimizer,
    toolCalls,
    capabilities,
    views,
    log,
  });
  return {
    records,
    audit,
    calls,
    changes,
    recovery,
    approvals,
    backends,
    capabilities,
    history,
    toolCalls,
    sessions,
    monitor: new ProcessMonitor(),
    pressure,
    subscribers,
    stopWatching: watchPressure(pressure),
    protectionsOff,
    endpoint: new McpEndpoint(sessions, methods, log),
    timeControl: new TimeControl(approvals, settings.controlToken),
    slackActions: new SlackActions(approvals, settings.slack.signingSecret, log),
  };
}

/** Notes each entry once it is on disk. */
function noting<Entry>(spool: Spool<Entry>, note: (entry: Entry) => void): Pick<Spool<Entry>, "add"> {
  return {
    add: async (entry) => {
      await spool.add(entry);
      note(entry);
    },
  };
}

/** ToolHive's bounds. */
function openOptimizer({ embeddings, protectionsOff }: Settings, capabilities: CapabilityCache): Optimizer {
  return new Optimizer(capabilities, {
    limit: 8,
    semanticShare: 0.5,
    farthest: 1,
    embeddings: embeddings && new Embeddings(embeddings),
    fallsBack: !protectionsOff.has("search-fallback"),
  });
}

function route(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> | void {
  const path = pathOf(request);
  if (path === "/mcp" || path === "/mcp/") return parts.endpoint.handle(request, response);
  if (path === "/slack/actions") {
    requireMethod(request, "POST");
    return parts.slackActions.handle(request, response);
  }
  if (path === "/approvals/time") {
    requireMethod(request, "POST");
    return parts.timeControl.handle(request, response);
  }
  if (path === "/api/events") {
    requireMethod(request, "GET");
    return parts.subscribers.open(request, response);
  }
  if (path === "/health") {
    requireMethod(request, "GET");
    const query = new URLSearchParams(request.url?.split("?")[1]);
    // The client may be waiting for these rows.
    for (const spool of [parts.audit, parts.calls, parts.changes]) spool.hasten();
    return sendJson(response, 200, healthReport(parts, Number(query.get("calls")) || 0));
  }
  if (path === "/status" || path === "/api/backends/health") {
    requireMethod(request, "GET");
    const report = path === "/status" ? statusReport : backendHealthReport;
    const { backends, capabilities } = parts;
    const revisionOf = capabilities.revisionOf.bind(capabilities);
    return sendJson(response, 200, report({ backends: backends.all, revisionOf }));
  }
  const served = "/mcp, /slack/actions, /health, /status, /api/backends/health and /api/events";
  throw new HttpError(404, `Not found. The gateway serves ${served}.`);
}

function requireMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw new HttpError(405, `Use ${method}.`, { allow: method });
}

function warnOfMissingSlack({ slack }: Settings, policy: Policy, log: Log): void {
  if (!policy.asksForApprovals) return;
  if (!slack.url) log("approvals: SLACK_URL is not set; calls that need approval wait until they expire");
  else if (!slack.signingSecret) log("approvals: SLACK_SIGNING_SECRET is not set; no click will be accepted");
}
