import type { Tool } from "@modelcontextprotocol/sdk/types.js";
import { LabError } from "../lab-error.ts";
import type { McpSession } from "./mcp-session.ts";
import { loadMcpSession } from "./opens-sessions.ts";
import type { RunContext } from "./run-context.ts";
import { ANY_READ_ONLY } from "./schema.ts";

/** Without annotations a tool says by its name that it only reads. */
const READS = /(^|[_-])(list|get|search|find|lookup|echo|ping)([_-]|$)/i;
/** Its answer would be recorded. */
const MAY_TELL_SECRETS = /(^|[_-])(env|environment|secret|token|credential|password|key)s?([_-]|$)/i;

/** The tools that may be called on anybody's stack without an argument, in their order. */
export function readOnlyTools(tools: readonly Tool[]): string[] {
  return tools.flatMap(({ name, annotations, inputSchema }) => {
    const isReadOnly = annotations?.readOnlyHint ?? READS.test(name);
    const needsNothing = (inputSchema.required ?? []).length === 0;
    return isReadOnly && needsNothing && !MAY_TELL_SECRETS.test(name) ? [name] : [];
  });
}

/**
 * The tool of that name, or for {@link ANY_READ_ONLY} the one that the run has chosen: of the tools that the gateway lists to its
 * first call the first one, and where the stack has several servers, one of the server that stands for `role:mcp-server`.
 * @throws LabError when there is none
 */
export async function toolToCall(
  name: string,
  session: McpSession,
  context: RunContext,
  signal: AbortSignal,
): Promise<string> {
  if (name !== ANY_READ_ONLY) return name;
  context.readOnlyTool ??= await choose(session, context, signal);
  return context.readOnlyTool;
}

async function choose(session: McpSession, context: RunContext, signal: AbortSignal): Promise<string> {
  const listed = await session.listTools(signal);
  const possible = readOnlyTools(listed);
  const own = await toolsOfServer(context, signal);
  // Gateways put the server's name before those of its tools.
  const chosen = possible.find((each) => own === undefined || own.some((tool) => each.endsWith(tool)));
  if (chosen !== undefined) return chosen;
  const of = own === undefined ? "" : ` of ${context.roles["mcp-server"]}`;
  const names = listed.map(({ name }) => name).join(", ") || "none";
  throw new LabError(
    "bad-input",
    `the stack offers no read-only tool${of} that needs no argument; it lists: ${names}`,
    {
      hint: "name a tool and its arguments in a copy of the scenario",
    },
  );
}

/** Undefined where it makes no difference. */
async function toolsOfServer({ stack, roles }: RunContext, signal: AbortSignal): Promise<string[] | undefined> {
  const server = roles["mcp-server"];
  const hasSeveral = stack.stack.services.filter(({ role }) => role === "mcp-server").length > 1;
  if (server === undefined || !hasSeveral) return undefined;
  const { openMcpSession } = await loadMcpSession();
  const session = await openMcpSession(stack.mcpEndpoint(server), "choosing-a-tool", signal);
  try {
    return (await session.listTools(signal)).map(({ name }) => name);
  } finally {
    await session.close();
  }
}
