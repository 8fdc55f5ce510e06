import { randomUUID } from "node:crypto";
import { formatDuration } from "../../model/duration.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { hasFields } from "./fields.ts";
import type { McpSession } from "./mcp-session.ts";
import { loadMcpSession } from "./opens-sessions.ts";
import { toolToCall } from "./read-only-tool.ts";
import type { RunContext } from "./run-context.ts";
import type { SteadyCall, SteadyHttp } from "./schema.ts";

/** Default time limit of a call or an answer. */
const ANSWER_LIMIT_MS = 10_000;

export function demand(steady: SteadyCall | SteadyHttp, context: RunContext, signal: AbortSignal) {
  return "call" in steady ? demandCall(steady, context, signal) : demandHttp(steady, context, signal);
}

/**
 * Makes the call through the gateway, in a separate session and turn: its rows are excluded from the run's decisions, and
 * it does not use another turn's budget.
 *
 * @returns why the demand is not met; undefined when it is
 * @throws the signal's reason when it aborts
 */
export async function demandCall(
  { call, arguments: given = {}, within: limitMs }: SteadyCall,
  context: RunContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const turn = `steady-state-${randomUUID()}`;
  context.uncounted.add(turn);
  const { openMcpSession } = await loadMcpSession();
  let session: McpSession | undefined;
  try {
    return await inTime(`call ${call}`, limitMs, signal, async (limit) => {
      session = await openMcpSession(
        context.stack.gateway("a steady state's call"),
        turn,
        limit,
        context.traces.ofStep(0).start(),
      );
      if (session.id !== undefined) context.uncounted.add(session.id);
      const tool = await toolToCall(call, session, context, limit);
      const { decision, detail } = await session.call(tool, given, limit);
      return decision === "ok" ? undefined : `call ${call} ended in ${decision} (${detail}), expected ok`;
    });
  } finally {
    await session?.close();
  }
}

/** Sends the request to the service. Returns and throws as {@link demandCall}. */
export function demandHttp(
  { http, path, status, json, within: limitMs }: SteadyHttp,
  context: RunContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const what = `GET ${http}${path}`;
  return inTime(what, limitMs, signal, async (limit) => {
    const reply = await context.get(http, path, limit);
    const isExpected = status === undefined ? reply.status >= 200 && reply.status < 300 : reply.status === status;
    if (!isExpected) return `${what} answered ${reply.status}, expected ${status ?? "2xx"}`;
    if (json === undefined || hasFields(reply.json, json)) return undefined;
    return `${what} answered ${reply.text.slice(0, 300)}, expected ${JSON.stringify(json)}`;
  });
}

async function inTime(
  what: string,
  limitMs = ANSWER_LIMIT_MS,
  signal: AbortSignal,
  demand: (limit: AbortSignal) => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    return await within(signal, limitMs, demand);
  } catch (error) {
    signal.throwIfAborted();
    return isTimeout(error) ? `${what} took longer than ${formatDuration(limitMs)}` : `${what}: ${messageOf(error)}`;
  }
}
