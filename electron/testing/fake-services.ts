import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { systemClock } from "../lab/clock.ts";
import { RunLog } from "../lab/events/run-log.ts";
import { RunContext } from "../lab/scenarios/run-context.ts";
import type { HealthStatus, LabEvent } from "../model/lab-event.ts";

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}
/** Response of a fake service: a status and a JSON body; undefined sends no response. */
export type Answer = { status?: number; json?: unknown; text?: string; headers?: Record<string, string> } | undefined;

/** An HTTP server with scripted responses that records its requests. Ends with the test. */
export async function fakeService(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => void take(request, response));
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = (await request.toArray()).join("");
    const { method = "", url = "", headers } = request;
    const one: Asked = { method, path: url, headers, body: text === "" ? undefined : JSON.parse(text) };
    asked.push(one);
    const given = answer(one);
    if (given === undefined) return;
    response.writeHead(given.status ?? 200, { "content-type": "application/json", ...given.headers });
    response.end(given.text ?? (given.json === undefined ? "" : JSON.stringify(given.json)));
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An MCP server with a session, whose tool calls end as `call` says. */
export function fakeGateway(
  call: (tool: string) => object,
  close: () => Answer = () => ({ status: 200 }),
  tools: readonly object[] = [{ name: "a_tool", inputSchema: { type: "object" } }],
) {
  return fakeService(({ method, body }) => {
    if (method === "GET") return { status: 405 };
    if (method === "DELETE") return close();
    const { id, method: asks, params } = body as { id?: number; method: string; params?: { name?: string } };
    if (id === undefined) return { status: 202 };
    const reply = (result: object): Answer => ({ json: { jsonrpc: "2.0", id, ...result } });
    if (asks === "initialize") {
      const serverInfo = { name: "fake", version: "1" };
      const result = { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
      return { ...reply({ result }), headers: { "mcp-session-id": "session-1" } };
    }
    if (asks === "tools/list") return reply({ result: { tools } });
    return reply(call(params?.name ?? ""));
  });
}

/** A run context over a stack of fakes, all at one address. */
export function fakeContext(address: string, health: Record<string, HealthStatus> = {}) {
  const events: LabEvent[] = [];
  const log = new RunLog({ runId: "run-1", clock: systemClock, record: (event) => events.push(event) });
  const services = Object.keys({ gateway: 1, agent: 1, slack: 1, ...health }).map((name) => ({ name, role: "other" }));
  const statusOf = (service: string) => ({ status: health[service] ?? "up", reason: "so it is", latencyMs: 1 });
  const waitFor = async (service: string, is: HealthStatus, signal: AbortSignal) => {
    if (statusOf(service).status === is) return;
    await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const stack = {
    stack: { services },
    address: () => address,
    endpoint: () => `http://${address}/`,
    gateway: () => ({ url: `http://${address}/`, headers: {} }),
    mcpEndpoint: () => ({ url: `http://${address}/mcp`, headers: {} }),
    health: { health: statusOf, checkNow: async (service: string) => statusOf(service), waitFor },
  };
  const faults = { apply: async () => "applied", undo: async () => ({ undone: 0, residue: [] as string[] }) };
  const context = new RunContext({ stack: stack as never, log, faults: faults as never, clock: systemClock });
  context.decisions = { read: async () => true, missing: () => [], close: async () => {} };
  return { context, events, faults, log };
}
