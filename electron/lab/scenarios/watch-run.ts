import type { RunLog } from "../events/run-log.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import { AuditReader, type AuditRow } from "../traces/audit-reader.ts";
import type { RunContext } from "./run-context.ts";

/** A call that began before the run is not of the run; clocks may differ by this much. */
const CLOCK_SLACK_MS = 100;
/** Lines of one service in one run; what comes after is counted. */
const LOG_LINES_LIMIT = 2_000;

interface Watchers {
  close(): Promise<void>;
}

/** Puts what happens around the run into its log: health, decisions, what services print, what faults hit. */
export async function watchRun(context: RunContext): Promise<Watchers> {
  const { stack, log, clock, faults } = context;
  for (const service of stack.health.services()) {
    const { status: to, reason, latencyMs } = stack.health.health(service);
    if (to === "unknown") continue; // not looked at yet: its first look is a change of its own
    log.append({ type: "health.changed", service, from: "unknown", to, reason, latencyMs });
  }
  const forget = stack.health.onTransition((transition) => log.append({ type: "health.changed", ...transition }));
  const lines = new Map<string, number>();
  const forgetNotices = stack.onNotice((message) => log.append({ type: "warning", code: "engine", message }));
  const logs = stack.followLogs(({ service, stream, line }) => {
    const count = (lines.get(service) ?? 0) + 1;
    lines.set(service, count);
    if (count <= LOG_LINES_LIMIT) log.append({ type: "service.log", service, stream, line });
  });
  context.audit = await followAudit(stack, log);
  context.proxy = await ProxyWatch.start({
    stack,
    log,
    clock,
    isOurs: (id) => context.view().faults.some(({ fault }) => fault === id),
    isBrokenByUs: (service) => faults.inForce().some(({ target }) => target === service),
  });
  return {
    async close() {
      forget();
      forgetNotices();
      await context.proxy?.close();
      await logs.close();
      for (const [service, count] of lines) {
        if (count <= LOG_LINES_LIMIT) continue;
        log.append({ type: "service.logs-dropped", service, lines: count - LOG_LINES_LIMIT });
      }
      await context.audit?.close();
    },
  };
}

async function followAudit(stack: RunningStack, log: RunLog): Promise<AuditReader | undefined> {
  const warn = (message: string) => void log.append({ type: "warning", code: "audit-log", message });
  if (!stack.stack.services.some(({ role }) => role === "audit-log")) {
    warn("the stack has no audit-log service, so no decisions are seen");
    return undefined;
  }
  try {
    const url = stack.endpoint("audit-log", "reading decisions");
    const calls = new Set<string>();
    const take = (row: AuditRow) => {
      const isOfEarlier = row.decidedWallMs - row.durationMs < log.startedWallMs - CLOCK_SLACK_MS;
      if (isOfEarlier && !calls.has(row.callId)) {
        return warn(`a decision of a call from before this run was left out: ${row.tool} ${row.decision}`);
      }
      calls.add(row.callId);
      log.append({ type: "call.decided", ...row });
    };
    return await AuditReader.fromNow(url, take, warn);
  } catch (error) {
    warn(`the audit log cannot be read, so no decisions are seen: ${messageOf(error)}`);
    return undefined;
  }
}
