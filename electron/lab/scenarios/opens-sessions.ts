import type { Scenario } from "./schema.ts";

/** The MCP client, which takes as long to load as the rest of the lab together: loaded by who opens a session. */
export const loadMcpSession = () => import("./mcp-session.ts");

/** Whether a run of it opens MCP sessions: {@link loadMcpSession} is then due before its clock starts. */
export function opensSessions({ steadyState, method }: Scenario): boolean {
  return [...steadyState, ...method].some((each) => "warm" in each || "call" in each || "storm" in each);
}
