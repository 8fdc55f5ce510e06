import type { MissingDecisions } from "../traces/decision-source.ts";
import { countedCalls, hasDecisions } from "./counted-calls.ts";
import type { RunContext } from "./run-context.ts";
import { settleDecisions } from "./settle-decisions.ts";

/**
 * Reads every call and decision so far, and returns what may be missing from them.
 * @throws the signal's reason when it aborts
 */
export async function settle(context: RunContext, signal: AbortSignal): Promise<readonly MissingDecisions[]> {
  if (hasDecisions(context.view())) return settleDecisions(context, signal);
  const isRead = await context.readCalls();
  const unread = isRead ? [] : [{ why: "the calls on links could not be read" }];
  const dropped = context.calls?.missing().map((why) => ({ why })) ?? [];
  return [...unread, ...dropped];
}

/** Why the ends of calls are not all known; undefined when they are. */
export function unknownEnds(context: RunContext): string | undefined {
  const unknown = countedCalls(context.view()).filter(({ isOk }) => isOk === undefined);
  const [first] = unknown;
  if (first === undefined) return undefined;
  const others = unknown.length === 1 ? "" : ` and ${unknown.length - 1} more`;
  return `it is not known how ${first.tool}${others} ended`;
}
