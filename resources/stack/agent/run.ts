/** One run: open a session, list the tools, let the planner call them, report. Gateway failures never throw. */
import { randomUUID } from "node:crypto";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { isObject, parseJson } from "../http/json.ts";
import type { SpanStart, TraceContext } from "../telemetry/span.ts";
import { tracing } from "../telemetry/tracing.ts";
import { callErrorOf } from "./call-error.ts";
import { GatewaySession } from "./gateway-session.ts";
import type { CallResult, Planner } from "./planner.ts";
import type { CallRecord, RunReport } from "./report.ts";

export interface RunOptions {
  input: string;
  turnId?: string | undefined;
  gatewayUrl: string;
  planner: Planner;
  /** Of whoever asks. */
  trace?: TraceContext | undefined;
  /** Ends the run: the current call is cancelled, no further call is started. */
  signal: AbortSignal;
}

export async function run({
  input,
  turnId = randomUUID(),
  gatewayUrl,
  planner,
  trace = {},
  signal,
}: RunOptions): Promise<RunReport> {
  const span = tracing()?.start(agentSpan(input, turnId, trace));
  const session = new GatewaySession({ url: gatewayUrl, turnId, signal, trace: span?.context ?? trace });
  const calls: CallRecord[] = [];
  const report: RunReport = { sessionId: "", turnId, input, intent: "unknown", toolsListed: [], calls, answer: "" };
  const call = async (tool: string, args: Record<string, unknown>): Promise<CallResult> => {
    signal.throwIfAborted();
    const result = await callTool(session, tool, args);
    calls.push(result.record);
    return result;
  };
  try {
    const { tools, missing } = await session.listTools();
    report.toolsListed = tools.map(({ name }) => name);
    Object.assign(report, await planner.plan(input, { tools, missing, call }, signal));
  } catch (error) {
    const reason = signal.aborted ? "the run was cancelled" : `${gatewayUrl}: ${callErrorOf(error).message}`;
    report.error = reason;
    report.answer = `I could not finish this: ${reason}.`;
  }
  report.sessionId = session.id;
  await session.close();
  span?.end(
    { "gen_ai.output.messages": messages("assistant", report.answer), "error.type": report.error && "run_failed" },
    report.error,
  );
  return report;
}

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/ */
function agentSpan(input: string, turnId: string, trace: TraceContext): SpanStart {
  const attributes = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "resilience-lab-agent",
    "gen_ai.conversation.id": turnId,
    "gen_ai.input.messages": messages("user", input),
  };
  return { name: "invoke_agent resilience-lab-agent", kind: "server", contexts: [trace], attributes };
}

function messages(role: "user" | "assistant", content: string): string {
  return JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
}

async function callTool(session: GatewaySession, tool: string, args: Record<string, unknown>): Promise<CallResult> {
  const startedAtMs = performance.now();
  const finish = (rest: Pick<CallRecord, "outcome" | "error" | "text">, structured = {}): CallResult => {
    const durationMs = Math.round((performance.now() - startedAtMs) * 10) / 10;
    return { record: { tool, arguments: args, ...rest, durationMs }, structured };
  };
  try {
    const result = await session.call(tool, args);
    const outcome = result.isError ? "error" : "ok";
    return finish({ outcome, text: textOf(result) }, result.structuredContent ?? structuredFromText(result));
  } catch (error) {
    return finish({ outcome: "error", error: callErrorOf(error) });
  }
}

function textOf({ content }: CallToolResult): string {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/** Servers that predate structured results send the same JSON as text. */
function structuredFromText(result: CallToolResult): Record<string, unknown> {
  const value = parseJson(textOf(result));
  return isObject(value) ? value : {};
}
