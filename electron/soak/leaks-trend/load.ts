/** Clients of the gateway, one session after the other, and questions to the agent, until the signal aborts. */
import { setTimeout as delay } from "node:timers/promises";
import { CONTROL, type GatewayStack } from "./gateway-stack.ts";

const CLIENTS = 4;
/** Leaves the machine time for others; the load is what grows a leak, not how fast it comes. */
const PAUSE_MS = 15;

const handshake = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "soak", version: "1" },
};
const calls = [
  { name: "list_recent_charges", arguments: {} },
  { name: "list_tickets", arguments: {} },
  { name: "delete_customer", arguments: { customer_id: "cus_1" } },
  { name: "create_refund", arguments: { charge_id: "ch_1001", amount: 1, reason: "requested_by_customer" } },
  { name: "find_tool", arguments: { tool_description: "refund a charge" } },
  { name: "unknown", arguments: {} },
];

/** `onRequests` receives the number of requests that were answered since its last call. Resolves once the load has ended. */
export async function drive(
  stack: GatewayStack,
  signal: AbortSignal,
  onRequests: (count: number) => void,
): Promise<void> {
  const repeat = async (work: () => Promise<number>): Promise<void> => {
    while (!signal.aborted) {
      onRequests(await work());
      await delay(PAUSE_MS);
    }
  };
  await Promise.all([
    ...Array.from({ length: CLIENTS }, () => repeat(() => useSession(stack.gateway))),
    repeat(() => askAgent(stack.agent)),
  ]);
}

async function useSession(url: string): Promise<number> {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const post = async (body: unknown, session?: string | null) => {
    const own = session ? { "mcp-session-id": session } : {};
    const response = await fetch(url, { method: "POST", headers: { ...headers, ...own }, body: JSON.stringify(body) });
    await response.text();
    return response.headers.get("mcp-session-id");
  };
  const session = await post({ jsonrpc: "2.0", id: 0, method: "initialize", params: handshake });
  await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
  await post({ jsonrpc: "2.0", id: 1, method: "tools/list" }, session);
  for (const [index, params] of calls.entries()) {
    await post({ jsonrpc: "2.0", id: index + 2, method: "tools/call", params }, session);
    await delay(PAUSE_MS);
  }
  const ended = await fetch(url, { method: "DELETE", headers: { "mcp-session-id": session ?? "" } });
  await ended.text();
  return calls.length + 4;
}

async function askAgent(url: string): Promise<number> {
  const body = JSON.stringify({ input: "Show me my recent charges." });
  await (await fetch(`${url}/runs`, { method: "POST", headers: CONTROL, body })).text();
  await delay(200);
  return 1;
}
