import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { AbortScope, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";

/** Longer than any approval is held: what ends a call here is the gateway or the run, not a client's default. */
const CALL_LIMIT_MS = 6 * 60_000;
const ANSWER_LIMIT_MS = 60_000;
/** Ending a session is a courtesy: a gateway that is frozen by now must not hold up the run. */
const GOODBYE_LIMIT_MS = 2_000;

/** How a call ended, as the caller saw it. `decision` is the gateway's word for a refusal, or `ok`. */
export interface CallOutcome {
  ok: boolean;
  decision: string;
  detail: string;
}

/** One MCP session with the gateway, all its calls in one turn. */
export interface McpSession {
  /** As the gateway named it; undefined when it has no sessions. */
  readonly id: string | undefined;
  listTools(signal: AbortSignal): Promise<string[]>;
  /** Never rejects for a refused or failed call, only when `signal` aborts. */
  call(tool: string, toolArguments: Record<string, unknown>, signal: AbortSignal): Promise<CallOutcome>;
  close(): Promise<void>;
}

/**
 * Every request has a signal of its own: the SDK's client never stops listening to one that it was given, and with it
 * whatever it has made for a session (its schemas' validators among them) would live as long as the run's.
 */
export async function openMcpSession(url: string, turn: string, signal: AbortSignal): Promise<McpSession> {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { "X-Mcp-Turn-Id": turn } },
  });
  const client = new Client({ name: "resilience-lab", version: "1" });
  try {
    // The SDK's transport has optional callbacks that its own Transport type writes in another way.
    const connected = transport as Parameters<Client["connect"]>[0];
    await within(signal, ANSWER_LIMIT_MS, (own) => client.connect(connected, { signal: own }));
  } catch (error) {
    await client.close();
    throw error;
  }
  return {
    id: transport.sessionId,
    async listTools(limit) {
      const { tools } = await within(limit, ANSWER_LIMIT_MS, (own) => client.listTools({}, { signal: own }));
      return tools.map(({ name }) => name);
    },
    async call(tool, toolArguments, limit) {
      const request = { name: tool, arguments: toolArguments };
      const options = { timeout: CALL_LIMIT_MS, resetTimeoutOnProgress: true };
      const scope = new AbortScope(limit);
      try {
        const result = await client.callTool(request, undefined, { ...options, signal: scope.signal });
        return { ok: result.isError !== true, decision: result.isError ? "tool_error" : "ok", detail: textOf(result) };
      } catch (error) {
        limit.throwIfAborted();
        return { ok: false, decision: decisionOf(error), detail: messageOf(error) };
      } finally {
        scope.end();
      }
    },
    async close() {
      // A gateway that is down has no session to end.
      await within(new AbortController().signal, GOODBYE_LIMIT_MS, () => transport.terminateSession()).catch(() => {});
      await client.close();
    },
  };
}

const refusal = z.object({ decision: z.string() });

function decisionOf(error: unknown): string {
  const data = error instanceof McpError ? refusal.safeParse(error.data) : undefined;
  return data?.success ? data.data.decision : "error";
}

const content = z.object({ content: z.array(z.object({ text: z.string() }).partial()) });

function textOf(result: unknown): string {
  const parsed = content.safeParse(result);
  return parsed.success ? parsed.data.content.map(({ text }) => text ?? "").join("\n") : "";
}
