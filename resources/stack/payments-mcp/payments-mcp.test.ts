import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { killServices, type ServiceProcess, startService } from "../http/testing/service-process.ts";

// Process start takes long on a loaded machine.

const entry = join(import.meta.dirname, "main.ts");
const controlToken = "of-these-tests";
const control = { "content-type": "application/json", authorization: `Bearer ${controlToken}` };
let service: ServiceProcess;
let url: string;

beforeAll(async () => {
  service = startService(entry, { PORT: "0", CONTROL_TOKEN: controlToken });
  url = await service.url();
});
afterAll(killServices);
beforeEach(async () => {
  expect((await fetch(`${url}/reset`, { method: "POST", headers: control })).status).toBe(204);
});

async function connected<T>(act: (client: Client, transport: StreamableHTTPClientTransport) => Promise<T>): Promise<T> {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`));
  await client.connect(transport as Transport);
  try {
    return await act(client, transport);
  } finally {
    await client.close();
  }
}

const state = async () =>
  (await fetch(`${url}/state`, { headers: control })).json() as Promise<Record<string, unknown>>;

const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const post = (body: string, more: Record<string, string> = {}) =>
  fetch(`${url}/mcp`, { method: "POST", body, headers: { ...headers, ...more } });

describe("as an MCP server", () => {
  test("lists its tools with correct annotations and output schemas", async () => {
    const { tools } = await connected((client) => client.listTools());
    const hints = Object.fromEntries(
      tools.map(({ name, annotations: a }) => [
        name,
        [a?.readOnlyHint, a?.destructiveHint, a?.idempotentHint, a?.openWorldHint],
      ]),
    );
    expect(hints).toEqual({
      list_recent_charges: [true, false, true, false],
      lookup_charge: [true, false, true, false],
      list_refunds_for_charge: [true, false, true, false],
      create_refund: [false, true, false, false],
      delete_customer: [false, true, true, false],
      send_lark_message: [false, false, false, false],
    });
    expect(tools.every(({ outputSchema }) => outputSchema)).toBe(true);
  });

  test("executes calls; text and structured content are equal", async () => {
    await connected(async (client) => {
      await client.listTools();
      const listed = await client.callTool({ name: "list_recent_charges", arguments: { limit: 2 } });
      expect(listed.structuredContent).toMatchObject({ charges: [{ id: "ch_1008" }, { id: "ch_1007" }] });
      expect(listed.content).toEqual([{ type: "text", text: JSON.stringify(listed.structuredContent) }]);
      const lookup = await client.callTool({
        name: "lookup_charge",
        arguments: { charge_id: "ch_1005", note: "a@b.example" },
      });
      expect(lookup.structuredContent).toMatchObject({ charge: { receipt_email: "bruno.keller@example.com" } });
      const refund = { charge_id: "ch_1007", reason: "duplicate", idempotency_key: "k" };
      expect((await client.callTool({ name: "create_refund", arguments: refund })).isError).toBeFalsy();
      expect((await client.callTool({ name: "create_refund", arguments: refund })).isError).toBeFalsy();
      const refunds = await client.callTool({ name: "list_refunds_for_charge", arguments: { charge_id: "ch_1007" } });
      expect(refunds.structuredContent).toMatchObject({ refunds: [{ id: "re_4", amount: 2_500 }] });
      await client.callTool({ name: "delete_customer", arguments: { customer_id: "cus_3" } });
    });
    expect(await state()).toEqual({
      charges: 9,
      refunds: 4,
      customers: 2,
      toolCalls: {
        total: 6,
        list_recent_charges: 1,
        lookup_charge: 1,
        create_refund: 2,
        list_refunds_for_charge: 1,
        delete_customer: 1,
      },
    });
  });

  test("answers refused operations with isError and a reason", async () => {
    await connected(async (client) => {
      const call = async (name: string, args: Record<string, unknown>) => {
        const { isError, content } = await client.callTool({ name, arguments: args });
        return [isError, (content as { text: string }[])[0]?.text];
      };
      expect(await call("create_refund", { charge_id: "ch_1008", reason: "duplicate" })).toEqual([
        true,
        "Charge ch_1008 has already been refunded.",
      ]);
      expect(await call("lookup_charge", { charge_id: "ch_1" })).toEqual([true, "No such charge: ch_1"]);
      const refund = { charge_id: "ch_1007", reason: "duplicate" };
      const refused = "MCP error -32602: Input validation error: Invalid arguments for tool create_refund: ";
      expect(await call("create_refund", { ...refund, reason: "because" })).toEqual([
        true,
        `${refused}expected requested_by_customer, duplicate or fraudulent, found "because" at reason`,
      ]);
      expect(await call("create_refund", { ...refund, amount: 0 })).toEqual([
        true,
        `${refused}expected more than 0, found 0 at amount`,
      ]);
      expect(await call("create_refund", { reason: "duplicate" })).toEqual([
        true,
        `${refused}expected text, but it is missing at charge_id`,
      ]);
    });
    expect(await state()).toMatchObject({ refunds: 3, toolCalls: { total: 5, create_refund: 4 } });
  });

  test("ends a session on DELETE; later requests in it are 404, and sessions survive a reset", async () => {
    await connected(async (client, transport) => {
      const id = transport.sessionId ?? "";
      await fetch(`${url}/reset`, { method: "POST", headers: control });
      expect((await client.listTools()).tools).toHaveLength(6);
      await transport.terminateSession();
      const again = await post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}', { "mcp-session-id": id });
      expect(again.status).toBe(404);
    });
  });

  test("refuses requests outside a session, and does not count their calls", async () => {
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup_charge","arguments":{}}}';
    expect((await post(call)).status).toBe(400);
    expect((await post(call, { "mcp-session-id": "unknown" })).status).toBe(404);
    expect((await post("{")).status).toBe(400);
    expect((await post("null")).status).toBe(400);
    expect((await post(`"${"x".repeat(1024 * 1024)}"`)).status).toBe(413);
    expect((await fetch(`${url}/mcp`)).status).toBe(400);
    expect((await fetch(`${url}/mcp`, { method: "PUT" })).status).toBe(405);
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
    expect((await post(call, { origin: "http://evil.example" })).status).toBe(403);
    expect(await state()).toMatchObject({ toolCalls: { total: 0 } });
  });
});

describe("as a program", () => {
  test("stops on SIGTERM with exit code 0 while a client listens on its event stream", async () => {
    const own = startService(entry, { PORT: "0", CONTROL_TOKEN: controlToken });
    const ownUrl = await own.url();
    const client = new Client({ name: "test", version: "1" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${ownUrl}/mcp`)) as Transport);
    expect((await fetch(`${ownUrl}/healthz`)).status).toBe(200);
    expect(await own.stop()).toBe(0);
    await client.close();
  });

  test("exits with 2 and the cause if its port is in use or invalid", async () => {
    const taken = startService(entry, { PORT: new URL(url).port, CONTROL_TOKEN: controlToken });
    const wrong = startService(entry, { PORT: "many" });
    expect([await taken.ended, await wrong.ended]).toEqual([2, 2]);
    expect(taken.output()).toContain(
      `payments-mcp: cannot listen on 127.0.0.1:${new URL(url).port}: the port is taken`,
    );
    expect(wrong.output()).toContain('payments-mcp: PORT is "many"');
  });
});
