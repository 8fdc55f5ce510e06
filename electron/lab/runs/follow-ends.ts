import type { RunLog } from "../events/run-log.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { CALLS, type CallEnd } from "../traces/call-row.ts";
import type { DecisionSource } from "../traces/decision-source.ts";
import { TableReader } from "../traces/table-reader.ts";

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
