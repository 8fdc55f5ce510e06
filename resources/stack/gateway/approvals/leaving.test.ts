import { describe, expect, it } from "vitest";
import { asked, click, decisionsOf, hold, ticketRow } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { messagesIn, RawClient, type Reply, readReply, readUntil } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { ticketOf } from "../testing/slack.ts";

const scene = setScene();

describe("a caller that leaves", () => {
  it("is not acted for any more: a later approval ends as expired", async () => {
    const gateway = await scene.launch();
    const leaving = new AbortController();
    const { client, ticket } = await hold(scene, gateway, { signal: leaving.signal });
    leaving.abort();
    await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "pending" });
    const answer = await click(gateway, { ticket });
    expect(answer).toMatchObject({ http: 200, status: "expired", text: expect.stringMatching(/caller left/) });
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: caller left"]);
    expect(scene.backend.calls).toEqual([]);
  });

  it("may still be denied", async () => {
    const gateway = await scene.launch();
    const leaving = new AbortController();
    const { client, ticket } = await hold(scene, gateway, { signal: leaving.signal });
    leaving.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await click(gateway, { ticket, action: "deny" });
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "denied: denied by ann"]);
  });

  it("can come back for its stream and is then acted for", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const cut = new AbortController();
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 5,
      method: "tools/call",
      params: { name: "create_item", _meta: { progressToken: 1 } },
    });
    const response = await client.fetch(body, {}, { signal: cut.signal });
    const start = await readUntil(response, (text) => text.includes("progress"));
    const lastEventId = /id: (s1_0)/.exec(start)?.[1] ?? "";
    cut.abort();
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    const resumed = await client.get({ "last-event-id": lastEventId });
    await click(gateway, { ticket: ticketOf(question) });
    const messages = messagesIn(await resumed.text());
    // What was sent before the cut is sent again, since the client says that it has not seen it.
    expect(messages[0]).toMatchObject({ method: "notifications/progress" });
    expect(messages.at(-1)).toMatchObject({ id: 5, result: { content: [{ text: "{}" }] } });
    const replayed = messagesIn(await (await client.get({ "last-event-id": lastEventId })).text());
    expect(replayed).toEqual(messages);
    const stranger = await RawClient.open(gateway.mcpUrl);
    expect((await stranger.get({ "last-event-id": lastEventId })).status).toBe(400);
  });

  it("that cancels is answered at once, and frees its turn", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway, { turn: "t1" });
    await client.notify("notifications/cancelled", { requestId: 2 });
    expect((await reply).message.error?.message).toBe("request dropped: caller cancelled");
    expect((await client.call("list_items", {}, { turn: "t2" })).message.result).toBeDefined();
    expect(await click(gateway, { ticket })).toMatchObject({ status: "expired" });
  });

  it("by ending its session is answered at once", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway);
    await client.fetch(undefined, {}, { method: "DELETE" });
    expect((await reply).message.error?.message).toMatch(/session ended/);
    expect(await click(gateway, { ticket })).toMatchObject({ status: "expired" });
    expect(scene.backend.calls).toEqual([]);
  });

  it("ends its ticket when nothing else would", async () => {
    const gateway = await scene.launch({ PROTECTIONS_OFF: "approval-ttl" });
    const leaving = new AbortController();
    const { client, ticket } = await hold(scene, gateway, { signal: leaving.signal });
    leaving.abort();
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: caller left"]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "expired" });
  });

  it("within a batch is not acted for either", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl, "2025-03-26");
    const call = (id: number, name: string) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
    const response = client.fetch(JSON.stringify([call(1, "create_item"), call(2, "list_items")]));
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    await client.notify("notifications/cancelled", { requestId: 1 });
    const { messages } = (await readReply(await response)) as Reply & { messages: unknown[] };
    expect(messages.flat()).toMatchObject([
      { id: 1, error: { message: "request dropped: caller cancelled" } },
      { id: 2 },
    ]);
    expect(await click(gateway, { ticket: ticketOf(question) })).toMatchObject({ status: "expired" });
  });
});
