import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { type AuditRow, setScene } from "../testing/scene.ts";

const scene = setScene();

const decisionsOf = (rows: AuditRow[]): string[] => rows.map(({ tool_name, decision }) => `${tool_name} ${decision}`);

const allowAll = "rules: [{ tool: '*', action: allow }]";

describe("decisions", () => {
  it("forwards allowed calls and returns the backend's reply", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const reply = await client.call("list_items", { a: "ü" }, { turn: "t1" });
    expect(reply.contentType).toBe("application/json");
    expect(reply.message).toMatchObject({ id: 2, result: { content: [{ type: "text", text: '{"a":"ü"}' }] } });
    const [row] = await scene.rowsOf(client, 1);
    expect(row).toMatchObject({ decision: "allow", backend: "test", turn_id: "t1", arguments: { a: "ü" } });
    expect(row?.duration_ms).toBeGreaterThan(0);
  });

  it("returns an error that the tool itself reports, which is not an upstream error", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    expect((await client.call("list_items", { fail: true })).message.result).toMatchObject({ isError: true });
    expect((await client.call("list_items", { delayMs: "x" })).message.result ?? {}).toMatchObject({ isError: true });
    expect(decisionsOf(await scene.rowsOf(client, 2))).toEqual(["list_items allow", "list_items allow"]);
  });

  it("denies without calling the backend", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.request("tools/list");
    const { error } = (await client.call("delete_item", { id: 1 })).message;
    expect(error).toMatchObject({ code: -32001, data: { decision: "deny" } });
    expect(error?.message).toMatch(/^denied by policy: delete_item/);
    expect(scene.backend.calls).toEqual([]);
    expect(decisionsOf(await scene.rowsOf(client, 1))).toEqual(["delete_item deny"]);
  });

  it("redacts in the audit log and in the forwarded call, unless redaction is disabled", async () => {
    const policy = "rules: [{ tool: list_items, action: redact, redactFields: [note, customer.email] }]";
    const toolArguments = { note: "4242 4242", customer: { email: "a@b.c", id: 1 } };
    const client = await RawClient.open((await scene.launch({}, policy)).mcpUrl);
    await client.call("list_items", toolArguments);
    const redacted = { note: "[redacted]", customer: { email: "[redacted]", id: 1 } };
    expect(scene.backend.calls[0]?.arguments).toEqual(redacted);
    expect(await scene.rowsOf(client, 1)).toMatchObject([{ decision: "redact", arguments: redacted }]);
    const open = await RawClient.open((await scene.launch({ PROTECTIONS_OFF: "redaction" }, policy)).mcpUrl);
    await open.call("list_items", toolArguments);
    expect(scene.backend.calls[1]?.arguments).toEqual(toolArguments);
    expect(await scene.rowsOf(open, 1)).toMatchObject([{ decision: "allow", arguments: toolArguments }]);
  });

  it("refuses a tool that no backend offers, and writes no row", async () => {
    const client = await RawClient.open((await scene.launch({}, allowAll)).mcpUrl);
    expect((await client.call("nothing")).message.error).toEqual({ code: -32602, message: "Unknown tool: nothing" });
    await client.call("list_items");
    expect(decisionsOf(await scene.rowsOf(client, 1))).toEqual(["list_items allow"]);
  });

  it.each([
    [{ arguments: {} }],
    [{ name: 7 }],
    [{ name: "list_items", arguments: [] }],
    [{ name: "list_items", arguments: "x" }],
    [{ name: "list_items", arguments: JSON.parse(`${'{"a":'.repeat(70)}1${"}".repeat(70)}`) }],
  ])("refuses the parameters %j", async (params) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    expect((await client.request("tools/call", params)).message.error?.code).toBe(-32602);
  });

  it("writes a row for arguments that Postgres cannot store unchanged", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items", { text: "a\0b\ud800" });
    expect(await scene.rowsOf(client, 1)).toMatchObject([{ arguments: { text: "a\ufffdb\ufffd" } }]);
  });

  it("notifies listeners of each row", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const listener = new pg.Client({ connectionString: scene.postgres.url });
    await listener.connect();
    await listener.query("LISTEN audit_log");
    const notified = new Promise((resolve) => listener.once("notification", ({ payload }) => resolve(payload)));
    await client.call("list_items");
    const [row] = await scene.rowsOf(client, 1);
    expect(await notified).toBe(String(row?.id));
    await listener.end();
  });
});

describe("budget", () => {
  it("stops the calls of a turn beyond it, and only those", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    for (let call = 1; call <= 5; call += 1) {
      expect((await client.call("list_items", { call }, { turn: "t1" })).message.result).toBeDefined();
    }
    const { error } = (await client.call("list_items", { call: 6 }, { turn: "t1" })).message;
    expect(error).toMatchObject({ code: -32001, data: { decision: "budgetExceeded" } });
    expect(error?.message).toMatch(/^tool call budget exceeded: /);
    expect((await client.call("list_items", {}, { turn: "t2" })).message.result).toBeDefined();
    expect((await client.call("list_items")).message.result).toBeDefined();
    expect((await client.call("list_items", {}, { turn: "t1" })).message.error?.data?.decision).toBe("budgetExceeded");
    const decisions = (await scene.rowsOf(client, 9)).map(({ decision }) => decision);
    expect(decisions.filter((decision) => decision === "budgetExceeded")).toHaveLength(2);
    expect(scene.backend.calls).toHaveLength(7);
  });

  it("allows exactly as many when all arrive at once", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.call("list_items", {}, { turn: "t1" })));
    expect(replies.filter(({ message }) => message.result)).toHaveLength(5);
    expect(scene.backend.calls).toHaveLength(5);
  });

  it("can be disabled", async () => {
    const client = await RawClient.open((await scene.launch({ PROTECTIONS_OFF: "budget" })).mcpUrl);
    const replies = await Promise.all(Array.from({ length: 12 }, () => client.call("list_items", {}, { turn: "t1" })));
    expect(replies.every(({ message }) => message.result)).toBe(true);
  });
});

describe("turns", () => {
  it("block other turns of the session, until TURN_LOCK_WAIT", async () => {
    const client = await RawClient.open((await scene.launch({ TURN_LOCK_WAIT: "50ms" })).mcpUrl);
    const slow = client.call("list_items", { delayMs: 400 }, { turn: "t1" });
    await eventually(
      () => scene.backend.calls.length,
      (count) => count === 1,
    );
    const { error } = (await client.call("list_items", {}, { turn: "t2" })).message;
    expect(error).toMatchObject({ code: -32000, data: { reason: "TURN_LOCK_WAIT" } });
    expect(error?.message).toMatch(/TURN_LOCK_WAIT \(50ms\)/);
    expect((await slow).message.result).toBeDefined();
  });

  it("never block another session", async () => {
    const gateway = await scene.launch({ TURN_LOCK_WAIT: "50ms" });
    const [one, other] = await Promise.all([RawClient.open(gateway.mcpUrl), RawClient.open(gateway.mcpUrl)]);
    const slow = one.call("list_items", { delayMs: 400 }, { turn: "t1" });
    await eventually(
      () => scene.backend.calls.length,
      (count) => count === 1,
    );
    expect((await other.call("list_items", {}, { turn: "t1" })).message.result).toBeDefined();
    await slow;
  });
});

describe("trace context", () => {
  it("is propagated from the message or the header, with the gateway's own span", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const trace = (digit: string) => `00-${digit.repeat(32)}-${"b".repeat(16)}-01`;
    await client.call("list_items", {}, { meta: { traceparent: trace("a") }, headers: { traceparent: trace("c") } });
    await client.call("list_items", {}, { headers: { traceparent: trace("c") } });
    await client.call("list_items");
    const rows = await scene.rowsOf(client, 3);
    expect(rows.slice(0, 2).map((row) => row.trace_id)).toEqual(["a".repeat(32), "c".repeat(32)]);
    for (const [index, row] of rows.entries()) {
      expect(scene.backend.calls[index]?.meta?.traceparent).toBe(`00-${row.trace_id}-${row.span_id}-01`);
    }
  });
});

describe("with the SDK's client", () => {
  it("works as an MCP server, also with 100 concurrent calls", async () => {
    const gateway = await scene.launch({}, allowAll);
    const client = new Client({ name: "sdk", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL(gateway.mcpUrl));
    // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    expect((await client.listTools()).tools).toHaveLength(3);
    await client.ping();
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        client.callTool({ name: n % 2 ? "list_items" : "create_item", arguments: { n } }),
      ),
    );
    expect(results.map(({ content }) => (content as { text: string }[])[0]?.text)).toEqual(
      Array.from({ length: 100 }, (_, n) => JSON.stringify({ n })),
    );
    await expect(client.callTool({ name: "nothing" })).rejects.toMatchObject({ code: -32602 });
    const rows = await eventually(
      () => scene.postgres.query<AuditRow>("SELECT * FROM audit_log WHERE session_id = $1", [transport.sessionId]),
      (seen) => seen.length === 100,
    );
    expect(new Set(rows.map(({ call_id }) => call_id)).size).toBe(100);
    expect((await gateway.health()).diagnostics).toMatchObject({
      conversation_history_size: 100,
      running_executions: 0,
    });
    await transport.terminateSession();
    await client.close();
  });
});
