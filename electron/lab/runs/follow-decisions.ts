import { messageOf } from "../lab-error.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { LogFollower } from "../stacks/backend.ts";
import { describeDecisions, isQueried } from "../stacks/decisions-spec.ts";
import type { LogLine } from "../stacks/log-tail.ts";
import { AuditReader, type AuditRow } from "../traces/audit-reader.ts";
import { type DecisionSource, noDecisions } from "../traces/decision-source.ts";
import { DecisionLog } from "../traces/logged-decisions.ts";
import { followQuery } from "../traces/queried-decisions.ts";

interface Following {
  /** Whether a call that started then is from before the run. */
  isFromBefore: (startedWallMs: number) => boolean;
  /** Whether the end of the call will be recorded. */
  isEndToCome: (row: AuditRow) => boolean;
  /** Whether a call of this session or turn is counted. */
  isCounted: (ids: { sessionId: string; turnId: string }) => boolean;
  /** Whether the method, or a check, was under way at that time. */
  isOfMethod: (wallMs: number) => boolean;
  logs: Pick<LogFollower, "read">;
  /** Has a reader be given every line that is printed. */
  onLine: (take: (line: LogLine) => void) => void;
}

/** Logs the decisions of the run, from where the stack has them. Never rejects: what cannot be read is missing. */
export async function followDecisions(context: RunContext, following: Following): Promise<DecisionSource> {
  const { stack, log } = context;
  const warn = (message: string) => void log.append({ type: "warning", code: "audit-log", message });
  const none = (why: string) => {
    warn(`${why}, so no decisions are known`);
    return noDecisions(why);
  };
  const spec = stack.stack.decisions;
  const calls = new Set<string>();
  const take = (row: AuditRow) => {
    if (!following.isCounted(row)) return;
    // Of a foreign record it is not known by which ids it names the lab's own calls of the steady state.
    if (spec !== undefined && !following.isOfMethod(row.decidedWallMs)) return;
    const isOfEarlier = following.isFromBefore(row.decidedWallMs - row.durationMs);
    if (isOfEarlier && !calls.has(row.callId)) {
      return warn(`a decision of a call from before this run was left out: ${row.tool} ${row.decision}`);
    }
    calls.add(row.callId);
    log.append({ type: "call.decided", ...row, ...(following.isEndToCome(row) ? { awaitsEnd: true } : {}) });
  };
  if (spec === undefined) {
    if (!stack.stack.services.some(({ role }) => role === "audit-log"))
      return none("the stack has no audit-log service");
    try {
      return await AuditReader.fromNow(stack.endpoint("audit-log", "reading decisions"), take, warn);
    } catch (error) {
      return none(`the audit log cannot be read: ${messageOf(error)}`);
    }
  }
  try {
    if (isQueried(spec)) {
      const url = spec.url.replace("{address}", stack.address(spec.postgres));
      return await followQuery(spec, url, take, warn);
    }
    const decisions = new DecisionLog(spec, () => following.logs.read(spec.log), take, warn);
    following.onLine((line) => decisions.takeLine(line));
    if (await decisions.read()) return decisions;
    return none(decisions.missing()[0]?.why ?? "");
  } catch (error) {
    return none(`${describeDecisions(spec)} cannot be read: ${messageOf(error)}`);
  }
}
