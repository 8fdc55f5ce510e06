import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunningService } from "../http/serve.ts";
import { startSupport } from "./server.ts";

const CONTROL_TOKEN = "of-these-tests";
const control = { "content-type": "application/json", authorization: `Bearer ${CONTROL_TOKEN}` };
let service: RunningService;
let client: Client;

beforeAll(async () => {
  service = await startSupport({ PORT: "0", CONTROL_TOKEN });
});
beforeEach(async () => {
  expect((await fetch(`${service.url}/reset`, { method: "POST", headers: control })).status).toBe(204);
  client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`));
  // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return () => client.close();
});
afterAll(() => service.stop());

const call = async (name: string, input: Record<string, unknown> = {}) =>
  (await client.callTool({ name, arguments: input })) as { isError?: boolean; structuredContent?: unknown };
const state = async () => (await fetch(`${service.url}/state`, { headers: control })).json();

test("reads tickets and customers", async () => {
  expect((await call("list_tickets")).structuredContent).toMatchObject({
    tickets: [{ id: "t_3" }, { id: "t_2" }, { id: "t_1" }],
  });
  expect((await call("lookup_ticket", { ticket_id: "t_2" })).structuredContent).toMatchObject({
    ticket: { customer: "cus_1", charge: "ch_1003", status: "open" },
  });
  expect((await call("lookup_customer", { customer_id: "cus_2" })).structuredContent).toEqual({
    customer: { id: "cus_2", name: "Bruno Keller", plan: "team" },
  });
  expect(await call("lookup_ticket", { ticket_id: "t_9" })).toMatchObject({
    isError: true,
    content: [{ text: "No such ticket: t_9" }],
  });
});

test("exports its tickets page by page as progress, each as large as is asked for", async () => {
  const pages: { progress: number; total?: number | undefined; message?: string | undefined }[] = [];
  const exported = await client.callTool(
    { name: "export_tickets", arguments: { pages: 3, page_bytes: 5_000 } },
    undefined,
    { onprogress: (page) => pages.push(page) },
  );
  expect(exported.structuredContent).toEqual({ pages: 3 });
  expect(pages.map(({ progress, total, message }) => [progress, total, message?.length])).toEqual([
    [1, 3, 5_000],
    [2, 3, 5_000],
    [3, 3, 5_000],
  ]);
});

test("keeps a reply for all sessions until a reset", async () => {
  await call("reply_to_ticket", { ticket_id: "t_1", text: "We will call you." });
  expect((await call("lookup_ticket", { ticket_id: "t_1" })).structuredContent).toMatchObject({
    ticket: { status: "answered", replies: ["We will call you."] },
  });
  await fetch(`${service.url}/reset`, { method: "POST", headers: control });
  expect((await call("lookup_ticket", { ticket_id: "t_1" })).structuredContent).toMatchObject({
    ticket: { status: "open", replies: [] },
  });
});

test("means something else by the names that it shares with payments-mcp", async () => {
  expect((await call("lookup_charge", { charge_id: "ch_1003" })).structuredContent).toMatchObject({
    tickets: [{ id: "t_2" }],
  });
  expect((await call("delete_customer", { customer_id: "cus_2" })).structuredContent).toEqual({
    id: "cus_2",
    deleted: true,
  });
  expect(await state()).toEqual({
    customers: 1,
    tickets: 1,
    toolCalls: { total: 2, lookup_charge: 1, delete_customer: 1 },
  });
});
