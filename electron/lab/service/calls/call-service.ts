import { randomUUID } from "node:crypto";
import type { CallAnswer, CallRequest, ListedTool } from "../../../contract/calls.ts";
import { isObject } from "../../../model/json.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import type { CallStep, PromptStep } from "../../runs/manual-session.ts";
import type { McpSession } from "../../scenarios/mcp-session.ts";
import { loadMcpSession } from "../../scenarios/opens-sessions.ts";
import type { StepOutput } from "../../scenarios/steps.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { serviceWithRole } from "../../stacks/stack-file.ts";
import { exampleOf } from "./example-arguments.ts";

const LIST_LIMIT_MS = 20_000;
const CALL_LIMIT_MS = 6 * 60_000;
const DETAIL_CHARACTERS = 20_000;

/** Has the manual session carry it out, where there is one, and else `unrecorded`. */
type Send = (
  sent: CallStep | PromptStep,
  unrecorded: () => Promise<StepOutput>,
) => Promise<{ output: StepOutput; runId: string | null }>;

/** Calls through the gateway and prompts to the agent that a person sends, so that breaking manually shows an effect. */
export class CallService {
  readonly #running: () => RunningStack | undefined;
  readonly #send: Send;

  constructor(running: () => RunningStack | undefined, send: Send) {
    this.#running = running;
    this.#send = send;
  }

  /** @throws LabError when the gateway does not list its tools */
  async tools(): Promise<ListedTool[]> {
    const signal = AbortSignal.timeout(LIST_LIMIT_MS);
    return this.#inSession(signal, async (session) => {
      const tools = await session.listTools(signal);
      return tools.map(({ name, description = "", inputSchema }) => ({
        name,
        description,
        example: JSON.stringify(exampleOf(inputSchema), null, 2),
        inputSchema,
      }));
    });
  }

  /** @throws LabError when no session can be opened, or the gateway is none of the stack's */
  async send({ tool, arguments: toolArguments }: CallRequest): Promise<CallAnswer> {
    const startedMs = performance.now();
    const signal = AbortSignal.timeout(CALL_LIMIT_MS);
    const call = { call: tool, arguments: toolArguments };
    const { output, runId } = await this.#send(call, () =>
      this.#inSession(signal, async (session) => ({ ...(await session.call(tool, toolArguments, signal)) })),
    );
    const durationMs = performance.now() - startedMs;
    if (typeof output === "string") return { ok: true, decision: "ok", detail: output, durationMs, runId };
    const { ok, decision, detail } = output;
    return {
      ok: ok === true,
      decision: String(decision),
      detail: String(detail ?? "").slice(0, DETAIL_CHARACTERS),
      durationMs,
      runId,
    };
  }

  /** Asks the agent of the stack; what it could not answer is the reply's detail. @throws LabError when there is none */
  async prompt(input: string): Promise<CallAnswer> {
    const running = this.#up();
    serviceWithRole(running.stack, "agent", "a prompt");
    const startedMs = performance.now();
    const ended = (answer: Pick<CallAnswer, "ok" | "decision" | "detail" | "runId">): CallAnswer => ({
      ...answer,
      detail: answer.detail.slice(0, DETAIL_CHARACTERS),
      durationMs: performance.now() - startedMs,
    });
    const signal = AbortSignal.timeout(CALL_LIMIT_MS);
    try {
      const { askStackAgent } = await import("../../scenarios/agent-step.ts");
      const { output, runId } = await this.#send({ agent: input }, () => askStackAgent(input, running, signal));
      const detail = isObject(output) ? String(output.answer) : String(output);
      return ended({ ok: true, decision: "answered", detail, runId });
    } catch (error) {
      return ended({ ok: false, decision: "no answer", detail: messageOf(error), runId: null });
    }
  }

  #up(): RunningStack {
    const running = this.#running();
    if (running !== undefined) return running;
    throw new LabError("precondition", "the stack is not up", { hint: "bring it up first" });
  }

  async #inSession<Value>(signal: AbortSignal, use: (session: McpSession) => Promise<Value>): Promise<Value> {
    const running = this.#up();
    const endpoint = running.gateway("a call");
    const { openMcpSession } = await loadMcpSession();
    let session: McpSession | undefined;
    try {
      session = await openMcpSession(endpoint, randomUUID(), signal);
      return await use(session);
    } catch (error) {
      if (error instanceof LabError) throw error;
      throw new LabError("unreachable", `the gateway did not answer: ${messageOf(error)}`, { cause: error });
    } finally {
      await session?.close();
    }
  }
}
