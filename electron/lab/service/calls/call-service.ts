import { randomUUID } from "node:crypto";
import type { CallAnswer, CallRequest, ListedTool } from "../../../contract/calls.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import type { CallStep } from "../../runs/manual-session.ts";
import type { McpSession } from "../../scenarios/mcp-session.ts";
import { loadMcpSession } from "../../scenarios/opens-sessions.ts";
import type { StepOutput } from "../../scenarios/steps.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { exampleOf } from "./example-arguments.ts";

const LIST_LIMIT_MS = 20_000;
const CALL_LIMIT_MS = 6 * 60_000;
const DETAIL_CHARACTERS = 20_000;

/** Has the manual session make a call, where there is one, and else `unrecorded`. */
type MakeCall = (
  call: CallStep,
  unrecorded: () => Promise<StepOutput>,
) => Promise<{ output: StepOutput; runId: string | null }>;

/** Calls that a person makes through the gateway, so that breaking manually shows an effect. */
export class CallService {
  readonly #running: () => RunningStack | undefined;
  readonly #make: MakeCall;

  constructor(running: () => RunningStack | undefined, make: MakeCall) {
    this.#running = running;
    this.#make = make;
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
      }));
    });
  }

  /** @throws LabError when no session can be opened, or the gateway is none of the stack's */
  async send({ tool, arguments: toolArguments }: CallRequest): Promise<CallAnswer> {
    const startedMs = performance.now();
    const signal = AbortSignal.timeout(CALL_LIMIT_MS);
    const call = { call: tool, arguments: toolArguments };
    const { output, runId } = await this.#make(call, () =>
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

  async #inSession<Value>(signal: AbortSignal, use: (session: McpSession) => Promise<Value>): Promise<Value> {
    const running = this.#running();
    if (running === undefined) throw new LabError("precondition", "the stack is not up", { hint: "bring it up first" });
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
