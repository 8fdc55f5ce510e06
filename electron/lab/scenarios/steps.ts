import { randomUUID } from "node:crypto";
import { formatDuration } from "../../model/duration.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { retryPauseMs } from "../retry-pause.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import { serviceNamed } from "../stacks/stack-file.ts";
import type { Role } from "../stacks/stack-schema.ts";
import type { StepTraces, TraceHeaders } from "../telemetry/run-traces.ts";
import { askAgent } from "./agent-step.ts";
import { countOf, describeVerdict, Inconclusive } from "./checks.ts";
import { type ClickAction, messageIn, unsuccessful } from "./click-answer.ts";
import { decideByPerson } from "./decide-step.ts";
import { demandHttp } from "./demands.ts";
import { exchange, post } from "./exchange.ts";
import { judge } from "./judge.ts";
import type { CallOutcome, McpSession } from "./mcp-session.ts";
import { loadMcpSession } from "./opens-sessions.ts";
import { toolToCall } from "./read-only-tool.ts";
import type { RunContext } from "./run-context.ts";
import { type AwaitedHttp, byKind, type Step, type StepTable } from "./schema.ts";
import { ServiceNews } from "./service-news.ts";

const WAIT_LIMIT_MS = 30_000;
const HTTP_LIMIT_MS = 30_000;
const CLICK_LIMIT_MS = 10_000;

/** Output of a step in the log, shown in its inspector; kept small. */
export type StepOutput = string | Record<string, unknown>;

/**
 * Runs one step.
 * @param number its number in the log: traces lead to it; 0 for a step that is not logged
 * @throws when it failed, which ends the method
 */
export function runStep(step: Step, context: RunContext, signal: AbortSignal, number = 0): Promise<StepOutput> {
  return byKind(RUNNERS, step, context, signal, context.traces.ofStep(number));
}

type StepArguments = [context: RunContext, signal: AbortSignal, traces: StepTraces];

const RUNNERS: StepTable<StepArguments, Promise<StepOutput>> = {
  async warm({ warm }, context, signal, traces) {
    const { openMcpSession } = await loadMcpSession();
    const session = await openMcpSession(context.stack.mcpEndpoint(warm), randomUUID(), signal, traces.start());
    try {
      return { tools: (await session.listTools(signal)).map(({ name }) => name) };
    } finally {
      await session.close();
    }
  },

  fault: ({ fault }, context, signal) => context.faults.apply(fault, signal),

  async undo({ undo }, context, signal) {
    const { undone, residue } = await context.faults.undo(undo, signal, { keepsObserved: true });
    if (residue.length > 0) throw new LabError("residue", residue.join("; "));
    if (undone > 0) return `${undone} undone`;
    const message = `undo ${undo} had nothing to undo: no fault is in force there`;
    context.log.append({ type: "warning", code: "undo-without-fault", message });
    return message;
  },

  agent: askAgent,

  async call({ call, arguments: toolArguments = {}, turn, is }, context, signal, traces) {
    const startedMs = context.clock.monotonicMs();
    const made = { tool: call, toolArguments, turn: turn ?? randomUUID(), trace: traces.start() };
    const outcome = await callOnce(context, made, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      // A stack without a gateway has not answered with an error.
      if (is === undefined || (error instanceof LabError && error.code === "bad-input")) throw error;
      return { tool: call, ok: false, decision: "error", detail: messageOf(error) };
    });
    const durationMs = Math.round(context.clock.monotonicMs() - startedMs);
    if (is !== undefined && outcome.ok !== (is === "ok")) {
      const ended = outcome.ok ? "ok" : `${outcome.decision}${outcome.detail && `: ${outcome.detail}`}`;
      throw new LabError("precondition", `call ${call} ended with ${ended}, expected ${is}`);
    }
    return { ...outcome, durationMs };
  },

  async storm(step, context, signal, traces) {
    const { storm, arguments: toolArguments = {}, times, clients = 1, turn, until, abandon = false } = step;
    const sessions = await openSessions(turn === undefined ? clients : 1, () =>
      openGatewaySession(context, turn ?? randomUUID(), signal, traces.start()),
    );
    const outcomes: Record<string, number> = {};
    let tool: string = storm;
    let calls = 0;
    let isOver = false;
    const take = ({ decision }: CallOutcome) => {
      outcomes[decision] = (outcomes[decision] ?? 0) + 1;
      isOver ||= decision === until;
    };
    const work = async (client: number) => {
      const session = sessions[client % sessions.length] as McpSession;
      const share = Math.floor((times + client) / clients);
      for (let call = 0; call < share && !isOver; call++) {
        calls++;
        take(await session.call(tool, toolArguments, signal));
      }
    };
    try {
      tool = await toolToCall(storm, sessions[0] as McpSession, context, signal);
      await Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
    } finally {
      await Promise.all(sessions.map((session) => (abandon ? session.abandon() : session.close())));
    }
    return { tool, calls, outcomes };
  },

  async http({ http, path, method = "GET", json, status }, context, signal, traces) {
    const url = context.url(http, path);
    const init = {
      method,
      headers: {
        "content-type": "application/json",
        ...tokenHeaders(serviceNamed(context.stack.stack, http)),
        ...traces.start(),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    };
    const response = await exchange(url, init, HTTP_LIMIT_MS, signal);
    const text = response.text.slice(0, 2_000);
    const isExpected = status === undefined ? response.ok : response.status === status;
    if (isExpected) return { status: response.status, body: text };
    const wanted = status ?? "2xx";
    throw new LabError(
      "bad-input",
      `${method} ${http}${path} answered ${response.status}, expected ${wanted}: ${text}`,
    );
  },

  approve: ({ approve, by }, context, signal) => click("approve", approve, by, context, signal),
  deny: ({ deny, by }, context, signal) => click("deny", deny, by, context, signal),
  decide: (step, context, signal) =>
    decideByPerson(step, context, signal, (action) => click(action, step.decide, "nobody-watching", context, signal)),

  async wait({ wait, atMost = WAIT_LIMIT_MS }, context, signal) {
    if (typeof wait === "number") {
      await context.clock.sleep(wait, signal);
      return formatDuration(wait);
    }
    if ("http" in wait) return awaitHttp(wait, atMost, context, signal);
    const holds = (limit: AbortSignal): Promise<unknown> => {
      if ("service" in wait) return context.stack.health.waitFor(wait.service, wait.is, limit);
      const isSeen =
        "rows" in wait
          ? () => context.view().decisions.length >= wait.rows
          : () => countOf(context.view(), wait.decision, wait.tool) >= (wait.times ?? 1);
      return context.waitUntil(isSeen, "call", limit);
    };
    try {
      await within(signal, atMost, holds);
      return "service" in wait ? `${wait.service} is ${wait.is}` : "seen";
    } catch (error) {
      if (signal.aborted || !isTimeout(error)) throw error;
      const text = `timed out after ${formatDuration(atMost)} (${context.view().decisions.length} audit rows seen)`;
      const [unknown] = "service" in wait ? [] : context.decisions.missing();
      if (unknown !== undefined) throw new Inconclusive(`${text}; ${unknown.why}`, { cause: error });
      throw new LabError("unhealthy", text, { cause: error });
    }
  },

  async probe({ probe, is }, context, signal) {
    const { status, reason, latencyMs } = await context.stack.health.checkNow(probe, signal);
    if (is === undefined || is === status) return { status, reason, latencyMs };
    throw new LabError("unhealthy", `${probe} is ${status} (${reason}), expected ${is}`);
  },

  async check({ check }, context, signal) {
    const verdict = await judge(check, context, context.log.elapsedMs(), signal);
    const { check: name, passed, expected, observed } = verdict;
    if (passed) return { check: name, expected, observed };
    const text = `check ${describeVerdict(verdict)}`;
    throw verdict.inconclusive === undefined ? new LabError("unhealthy", text) : new Inconclusive(text);
  },
};

/** Asks until the answer is as expected, and again at each news of the service. @throws with the last answer when the time is over */
async function awaitHttp(
  wanted: AwaitedHttp,
  atMost: number,
  context: RunContext,
  signal: AbortSignal,
): Promise<StepOutput> {
  const startedMs = context.clock.monotonicMs();
  const news = new ServiceNews(context, wanted.http);
  let why: string | undefined = "no answer";
  try {
    await within(signal, atMost, async (limit) => {
      for (;;) {
        news.forget();
        why = await demandHttp(wanted, context, limit);
        if (why === undefined) return;
        await news.pause(retryPauseMs(context.clock.monotonicMs() - startedMs), limit);
      }
    });
    return "seen";
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    throw new LabError("unhealthy", `timed out after ${formatDuration(atMost)}: ${why}`, { cause: error });
  } finally {
    news.close();
  }
}

/** Opens all sessions or none: when one fails, the others are closed. */
async function openSessions(count: number, open: () => Promise<McpSession>): Promise<McpSession[]> {
  const opening = await Promise.allSettled(Array.from({ length: count }, open));
  const sessions = opening.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failed = opening.find((each) => each.status === "rejected");
  if (failed === undefined) return sessions;
  await Promise.all(sessions.map((session) => session.close()));
  throw failed.reason;
}

async function openGatewaySession(
  context: RunContext,
  turn: string,
  signal: AbortSignal,
  trace: TraceHeaders,
): Promise<McpSession> {
  const { openMcpSession } = await loadMcpSession();
  return openMcpSession(context.stack.gateway("a call"), turn, signal, trace);
}

function headersFor(role: Role, { stack }: RunContext): Record<string, string> {
  const service = stack.stack.services.find((each) => each.role === role);
  return { "content-type": "application/json", ...tokenHeaders(service) };
}

interface GatewayCall {
  tool: string;
  toolArguments: Record<string, unknown>;
  turn: string;
  trace: TraceHeaders;
}

/** One call in a session of its own. @throws when the session cannot be opened */
async function callOnce(
  context: RunContext,
  { tool, toolArguments, turn, trace }: GatewayCall,
  signal: AbortSignal,
): Promise<CallOutcome & { tool: string }> {
  const session = await openGatewaySession(context, turn, signal, trace);
  try {
    const called = await toolToCall(tool, session, context, signal);
    return { tool: called, ...(await session.call(called, toolArguments, signal)) };
  } finally {
    await session.close();
  }
}

/** Clicks a button of an approval message. Retries for {@link CLICK_LIMIT_MS}, since the message may not have arrived. */
async function click(
  action: ClickAction,
  tool: string,
  by: string | undefined,
  context: RunContext,
  signal: AbortSignal,
): Promise<StepOutput> {
  const url = context.stack.endpoint("approval-channel", `${action} ${tool}`);
  const { clock } = context;
  const request = { action, mentions: tool, ...(by === undefined ? {} : { user: by }) };
  const startedMs = clock.monotonicMs();
  for (;;) {
    const waitedMs = clock.monotonicMs() - startedMs;
    const leftMs = CLICK_LIMIT_MS - waitedMs;
    const reply = await post(url, headersFor("approval-channel", context), request, Math.max(1, leftMs), signal);
    if (reply.ok) {
      const problem = unsuccessful(action, reply.text);
      if (problem !== undefined) throw new LabError("precondition", `could not ${action} ${tool}: ${problem}`);
      return { clicked: action, status: reply.status, reply: reply.text.slice(0, 500) };
    }
    if (leftMs <= 0 || reply.status !== 409) {
      throw new LabError("precondition", `could not ${action} ${tool}: ${messageIn(reply.text)}`);
    }
    await clock.sleep(retryPauseMs(waitedMs), signal);
  }
}
