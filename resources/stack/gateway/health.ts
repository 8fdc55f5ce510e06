/** `GET /health`: 200 while the gateway runs; problems are in the body. */
import type { BoundedHistory } from "../http/bounded-history.ts";
import type { ProcessMonitor } from "../http/process-monitor.ts";
import type { Approvals } from "./approvals/approvals.ts";
import type { CallEntry } from "./audit/call-row.ts";
import type { ChangeEntry } from "./audit/change-row.ts";
import type { AuditEntry } from "./audit/entry.ts";
import type { Spool } from "./audit/spool.ts";
import type { Backends } from "./backends/backends.ts";
import type { CapabilityCache } from "./backends/capability-cache.ts";
import type { PastCall } from "./calls/past-call.ts";
import type { ToolCalls } from "./calls/tool-call.ts";
import type { Protection } from "./protections.ts";
import type { Readiness } from "./records.ts";
import type { Sessions } from "./sessions/sessions.ts";
import type { Pressure } from "./subscribers/pressure.ts";
import type { Subscribers } from "./subscribers/subscribers.ts";

export interface HealthParts {
  audit: Spool<AuditEntry>;
  calls: Spool<CallEntry>;
  changes: Spool<ChangeEntry>;
  recovery: Readiness;
  approvals: Approvals;
  backends: Backends;
  capabilities: CapabilityCache;
  history: BoundedHistory<PastCall>;
  toolCalls: ToolCalls;
  sessions: Sessions;
  monitor: ProcessMonitor;
  pressure: Pressure;
  subscribers: Subscribers;
  protectionsOff: ReadonlySet<Protection>;
}

export function healthReport(parts: HealthParts, recentCalls: number): unknown {
  const { audit, calls, changes, approvals, backends, capabilities, history, toolCalls, sessions, monitor } = parts;
  const problems = problemsOf(parts);
  return {
    status: problems.length === 0 ? "ok" : "degraded",
    reasons: [...problems, ...problemsOfCalls(calls), ...capabilities.conflicts],
    protectionsOff: [...parts.protectionsOff],
    audit: rowsOf(audit),
    calls: { ...rowsOf(calls), failing: calls.failing },
    backendChanges: rowsOf(changes),
    approvals: { waiting: approvals.waiting, callersAway: approvals.callersAway },
    backends: Object.fromEntries(
      backends.all.map((backend) => [
        backend.name,
        {
          status: backend.status,
          ...(backend.lastError === undefined ? {} : { lastError: backend.lastError }),
          cached: capabilities.holds(backend),
          tools: capabilities.countOf(backend),
        },
      ]),
    ),
    diagnostics: {
      ...monitor.read(),
      running_executions: toolCalls.running,
      conversation_history_size: history.size,
      conversation_history_limit: history.limit,
      conversation_history_dropped: history.dropped,
      sessions: sessions.size,
      sessions_expired: sessions.expired,
      sessions_abandoned: sessions.abandoned,
      sessions_evicted: sessions.evicted,
      subscribers: parts.subscribers.size,
      subscribers_dropped: parts.subscribers.dropped,
      mirrors_shed: parts.subscribers.shed,
      pressure: { isOpen: parts.pressure.isOpen, windows: parts.pressure.windows, reasons: parts.pressure.reasons },
      stream_bytes_kept: sessions.memory.bytes,
      stream_events_dropped: sessions.memory.dropped,
    },
    ...(recentCalls > 0 ? { recentCalls: history.latest(recentCalls) } : {}),
  };
}

function rowsOf<Entry>({ written, pending, unsaved, dropped }: Spool<Entry>) {
  return { written, pending, unsaved, dropped };
}

/** No decision depends on these rows, so problems with them do not degrade the status. */
function problemsOfCalls({ failing, pending, dropped }: Spool<CallEntry>): string[] {
  return [
    ...(failing && pending > 0 ? [`calls: ${pending} rows are pending, the database does not accept them`] : []),
    ...(dropped > 0 ? [`calls: ${dropped} rows were dropped`] : []),
  ];
}

function problemsOf({ audit, recovery, backends }: HealthParts): string[] {
  const problems: string[] = [];
  if (recovery.problem !== undefined) problems.push(`database: ${recovery.problem}`);
  if (audit.failing && audit.pending > 0)
    problems.push(`audit: ${audit.pending} rows are pending, the database is unavailable`);
  if (audit.saveError) problems.push(`audit: ${audit.unsaved} rows are in memory only: ${audit.saveError}`);
  if (audit.dropped > 0) problems.push(`audit: ${audit.dropped} rows were dropped`);
  for (const { name, exclusion, lastError } of backends.all) {
    const problem = exclusion ?? lastError;
    if (problem !== undefined) problems.push(`backend ${name}: ${problem}`);
  }
  return problems;
}
