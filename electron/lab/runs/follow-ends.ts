import { isTimeout, within } from "../abort-scope.ts";
import type { RunLog } from "../events/run-log.ts";
import { messageOf } from "../lab-error.ts";
import { gatewayAudit } from "../scenarios/gateway-audit.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { CALLS, type CallEnd } from "../traces/call-row.ts";
import type { DecisionSource } from "../traces/decision-source.ts";
import { TableReader } from "../traces/table-reader.ts";

/** Rows are on their way for a tenth of a second; after an outage of the database the gateway tries again within two. */
const SETTLE_LIMIT_MS = 2_500;
const POLL_INTERVAL_MS = 20;

/** What tells of the ends of calls, or why no end is known, in words. */
export type FollowedEnds = { reader: TableReader<CallEnd> } | { why: string };

/**
 * Puts the ends of calls into the log as the gateway records them. Where it keeps no table of them no end is known, and
 * decisions are what they are without.
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
 * Whether the end of a call is to come, by a row of what was decided on it. A row without a span is written when a gateway
 * starts, of a call that the one before it did not survive: nothing records the end of that.
 */
export function awaitsEnd(ends: FollowedEnds | undefined, { spanId }: { spanId: string }): boolean {
  return ends !== undefined && "reader" in ends && ends.reader.hasTable && spanId !== "";
}

/** Says once that no end is known; not where nothing at all is known of calls, which the decisions' reader has said. */
export function noteMissingEnds(log: RunLog, ends: FollowedEnds, decisions: DecisionSource | undefined): void {
  if ("reader" in ends || decisions === undefined || decisions.missing().length > 0) return;
  log.append({ type: "warning", code: "calls", message: `it is not known when calls ended: ${ends.why}` });
}

/**
 * Reads what the gateway has recorded by now. Calls that are still under way are not waited for, nor is a table that cannot
 * be read or a gateway that is down. Never rejects.
 */
export async function settleEnds(context: RunContext, ends: Pick<TableReader<CallEnd>, "read">): Promise<void> {
  if (!(await ends.read())) return;
  const { signal } = new AbortController();
  try {
    await within(signal, SETTLE_LIMIT_MS, async (limit) => {
      for (;;) {
        const told = await gatewayAudit(context, limit);
        if (told === "unreachable" || (told.pendingEnds ?? 0) === 0) return;
        await context.clock.sleep(POLL_INTERVAL_MS, limit);
      }
    });
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  await ends.read();
}
