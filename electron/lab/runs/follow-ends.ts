import { isTimeout, within } from "../abort-scope.ts";
import type { RunLog } from "../events/run-log.ts";
import { messageOf } from "../lab-error.ts";
import { gatewayAudit } from "../scenarios/gateway-audit.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { CALLS, type CallEnd } from "../traces/call-row.ts";
import type { DecisionSource } from "../traces/decision-source.ts";
import { TableReader } from "../traces/table-reader.ts";

/** Rows arrive within 0.1 s; after an outage of the database the gateway retries within 2 s. */
const SETTLE_LIMIT_MS = 2_500;
const POLL_INTERVAL_MS = 8;

/** The reader of the ends of calls, or why no end is known. */
export type FollowedEnds = { reader: TableReader<CallEnd> } | { why: string };

/**
 * Logs the ends of calls as the gateway records them. Without a table of calls no end is known; decisions are not
 * affected.
 */
export async function followEnds(
  stack: Pick<RunningStack, "stack" | "endpoint">,
  log: RunLog,
  isOfRun: (end: CallEnd) => boolean,
): Promise<FollowedEnds> {
  if (!stack.stack.services.some(({ role }) => role === "audit-log"))
    return { why: "the stack has no audit-log service" };
  const note = (message: string) => void log.append({ type: "warning", code: "calls", message });
  const take = (end: CallEnd) => void (isOfRun(end) && log.append({ type: "call.ended", ...end }));
  try {
    const url = stack.endpoint("audit-log", "reading the ends of calls");
    return { reader: await TableReader.fromNow(CALLS, url, take, note) };
  } catch (error) {
    return { why: messageOf(error) };
  }
}

/**
 * Whether the end of a call is expected, by the row of a decision on it. A row without a span is written by a starting
 * gateway for a call that was lost with its previous instance: its end is never recorded.
 */
export function awaitsEnd(ends: FollowedEnds | undefined, { spanId }: { spanId: string }): boolean {
  return ends !== undefined && "reader" in ends && ends.reader.hasTable && spanId !== "";
}

/** Logs once that no end is known; not when decisions are missing too, which their reader has already logged. */
export function noteMissingEnds(log: RunLog, ends: FollowedEnds, decisions: DecisionSource | undefined): void {
  if ("reader" in ends || decisions === undefined || decisions.missing().length > 0) return;
  log.append({ type: "warning", code: "calls", message: `it is not known when calls ended: ${ends.why}` });
}

/**
 * Reads what the gateway has recorded so far, and waits at most {@link SETTLE_LIMIT_MS} for rows that it is about to write.
 * Does not wait for calls in progress, for a table that cannot be read or for a gateway that is down. Never rejects.
 */
export async function settleEnds(context: RunContext, ends: Pick<TableReader<CallEnd>, "read">): Promise<void> {
  if (!(await ends.read())) return;
  const { signal } = new AbortController();
  try {
    await within(signal, SETTLE_LIMIT_MS, async (limit) => {
      for (;;) {
        const audit = await gatewayAudit(context, limit);
        if (audit === "unreachable" || (audit.pendingEnds ?? 0) + (audit.pendingChanges ?? 0) === 0) return;
        await context.clock.sleep(POLL_INTERVAL_MS, limit);
      }
    });
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  await ends.read();
}
