/** What the row of a call has, when it is written, and who is told, verified by a plain MCP client and the database. */
import pg from "pg";
import { describe, expect, it } from "vitest";
import { click } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient, readReply, readUntil } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";

const scene = setScene();

describe("the row of a call", () => {
  it("spans the time from request to reply, and has their sizes and the trace", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const before = Date.now();
    const body = JSON.stringify({
      ...{ jsonrpc: "2.0", id: "ü", method: "tools/call" },
      params: { name: "list_items", arguments: { delayMs: 300, text: "ü" }, _meta: { traceparent } },
    });
    const reply = await readReply(await client.fetch(body));
    const after = Date.now();
    await gateway.stop();
    const [row] = await scene.callsOf(client.sessionId);
    const [started, ended] = [row?.started_at.getTime() ?? 0, row?.ended_at.getTime() ?? 0];
    // The backend's timer may fire up to one millisecond early.
    expect(ended - started).toBeGreaterThanOrEqual(299);
    expect(started).toBeGreaterThanOrEqual(before - 1);
    expect(ended).toBeLessThanOrEqual(after + 1);
    expect(row).toMatchObject({
      request_bytes: String(Buffer.byteLength(body)),
      reply_bytes: String(Buffer.byteLength(reply.text)),
      trace_id: "a".repeat(32),
    });
    expect(scene.backend.calls[0]?.meta?.traceparent).toBe(`00-${"a".repeat(32)}-${row?.span_id}-01`);
  });

  it("of a cancelled call ends when the caller is answered, not when the work detects it", async () => {
    const gateway = await scene.launch({
      UPSTREAM_DEADLINE: "60s",
      PROTECTIONS_OFF: "capability-cache,health-monitor",
    });
    const client = await RawClient.open(gateway.mcpUrl);
    const asked = Promise.withResolvers<() => void>();
    scene.backend.intercept = (_request, response, body) => {
      if (!body.includes('"tools/list"')) return false;
      asked.resolve(() => response.writeHead(503).end());
      return true;
    };
    const call = client.call("list_items");
    const answer = await asked.promise;
    await client.notify("notifications/cancelled", { requestId: 2 });
    expect((await call).message.error?.message).toMatch(/caller cancelled/);
    const answeredAtMs = Date.now();
    answer();
    await gateway.stop();
    const [row] = await scene.callsOf(client.sessionId);
    expect(row).toMatchObject({ outcome: "cancelled", attempts: 0, error: "caller cancelled" });
    expect(row?.ended_at.getTime()).toBeLessThanOrEqual(answeredAtMs + 1);
  });

  it("of a cancelled call is written at once, however long its work hangs", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.request("tools/list");
    scene.postgres.signal("SIGSTOP");
    try {
      const call = client.call("create_item");
      // From here on it waits for the database to store its ticket.
      await eventually(gateway.health, ({ audit }) => audit.pending === 1 && audit.unsaved === 0);
      await client.notify("notifications/cancelled", { requestId: 3 });
      expect((await call).message.error?.message).toMatch(/caller cancelled/);
      const { calls, diagnostics } = await gateway.health();
      expect([calls.pending, calls.unsaved, diagnostics.running_executions]).toEqual([1, 0, 1]);
    } finally {
      scene.postgres.signal("SIGCONT");
    }
  });

  it("is on disk before the answer is sent", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.request("tools/list");
    scene.postgres.signal("SIGSTOP");
    try {
      await client.call("list_items");
      expect((await gateway.health()).calls).toMatchObject({ pending: 1, unsaved: 0 });
    } finally {
      scene.postgres.signal("SIGCONT");
    }
  });

  it("is written once for a call that is approved after its stream was lost and executed on return", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const connection = new AbortController();
    const params = { name: "create_item", arguments: {} };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "tools/call", params });
    const response = await client.fetch(body, {}, { signal: connection.signal });
    const start = await readUntil(response, (text) => text.includes("\n\n"));
    const asked = () => scene.slack.requests.filter(({ method }) => method === "chat.postMessage");
    const [question] = await eventually(asked, ({ length }) => length > 0);
    connection.abort();
    await eventually(gateway.health, ({ approvals }) => approvals.callersAway === 1);
    await click(gateway, { ticket: question?.body.blocks.at(-1)?.elements?.[0]?.value ?? "" });
    await (await client.get({ "last-event-id": /id: (s1_0)/.exec(start)?.[1] ?? "" })).text();
    await gateway.stop();
    expect(await scene.callsOf(client.sessionId)).toMatchObject([{ outcome: "ok", attempts: 1 }]);
  });

  it("is announced to listeners", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    const listener = new pg.Client({ connectionString: scene.postgres.url });
    await listener.connect();
    await listener.query("LISTEN calls");
    const notified = new Promise((resolve) => listener.once("notification", ({ payload }) => resolve(payload)));
    await client.call("list_items");
    expect(await notified).toBe(String((await scene.callsOf(client.sessionId))[0]?.id));
    await listener.end();
  });
});
