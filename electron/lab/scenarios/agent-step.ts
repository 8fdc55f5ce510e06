import { z } from "zod";
import { LabError } from "../lab-error.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import type { StepTraces, TraceHeaders } from "../telemetry/run-traces.ts";
import { exchange, type HttpReply, post } from "./exchange.ts";
import type { RunContext } from "./run-context.ts";
import type { AgentTarget, StepOf } from "./schema.ts";

/** An agent makes several calls, one of which may wait for a person: longer than any approval is held. */
const AGENT_LIMIT_MS = 10 * 60_000;
const INPUT = "{input}";

/**
 * Asks the stack's agent, or the one that the step names, and keeps its answer for the checks.
 * @throws LabError when it does not reply as the step says
 */
export async function askAgent(
  { agent, at, name }: StepOf<"agent">,
  context: RunContext,
  signal: AbortSignal,
  traces: StepTraces,
): Promise<Record<string, unknown>> {
  const trace = traces.start();
  const report =
    at === undefined
      ? await askStackAgent(agent, context.stack, signal, trace)
      : await askAgentAt(agent, at, trace, context, signal);
  if (at === undefined) context.answer = String(report.answer);
  // Else the step's label says what the agent was asked.
  return name === undefined ? report : { ...report, input: agent };
}

const agentReport = z.looseObject({ answer: z.string() });

/** @throws LabError when the stack has no agent, or its agent does not reply as the reference stack's does */
export async function askStackAgent(
  input: string,
  stack: RunContext["stack"],
  signal: AbortSignal,
  trace?: TraceHeaders,
) {
  const url = stack.endpoint("agent", "an agent step");
  const service = stack.stack.services.find(({ role }) => role === "agent");
  const headers = { "content-type": "application/json", ...tokenHeaders(service), ...trace };
  const reply = await post(url, headers, { input }, AGENT_LIMIT_MS, signal);
  const report = agentReport.safeParse(reply.body);
  if (!reply.ok || !report.success) throw unexpected(url, reply);
  return report.data;
}

async function askAgentAt(
  input: string,
  at: AgentTarget,
  trace: TraceHeaders,
  context: RunContext,
  signal: AbortSignal,
) {
  const { url, method = "POST", body = { input: INPUT } } = at;
  const headers = { "content-type": "application/json", ...trace };
  const init =
    method === "GET"
      ? { method, headers: { ...trace } }
      : { method, headers, body: JSON.stringify(filled(body, input)) };
  const target = method === "GET" ? url.replaceAll(INPUT, encodeURIComponent(input)) : url;
  const reply = await exchange(target, init, AGENT_LIMIT_MS, signal);
  if (!reply.ok) throw unexpected(target, reply);
  const answer = at.answer === undefined ? fieldAt(reply.body, "answer") : required(at.answer, "answer", target, reply);
  const session = at.session === undefined ? undefined : required(at.session, "session", target, reply);
  context.answer = answer ?? reply.text;
  if (session !== undefined) context.sessions.add(session);
  return { status: reply.status, answer: context.answer, ...(session === undefined ? {} : { session }) };
}

function unexpected(url: string, { status, text }: HttpReply): LabError {
  return new LabError("unreachable", `the agent at ${url} answered HTTP ${status}: ${text.slice(0, 300)}`);
}

function required(path: string, what: string, url: string, { body, text }: HttpReply): string {
  const value = fieldAt(body, path);
  if (value !== undefined) return value;
  const seen = text === "" ? "an empty reply" : text.slice(0, 300);
  throw new LabError("bad-input", `the reply of ${url} has no ${what} at "${path}": ${seen}`, {
    hint: `write in the step's at.${what} where the reply has it, as a dotted path`,
  });
}

/** The text or number at a dotted path such as `result.session_id` or `messages.0.text`. */
function fieldAt(value: unknown, path: string): string | undefined {
  const found = path.split(".").reduce<unknown>((inner, key) => (Object(inner) as Record<string, unknown>)[key], value);
  return typeof found === "string" || typeof found === "number" ? String(found) : undefined;
}

/** The template with each `{input}` in its texts replaced. */
function filled(template: unknown, input: string): unknown {
  if (typeof template === "string") return template.replaceAll(INPUT, () => input);
  if (Array.isArray(template)) return template.map((each) => filled(each, input));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, filled(value, input)]));
}
