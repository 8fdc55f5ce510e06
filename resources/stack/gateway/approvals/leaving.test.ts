import { describe, expect, it } from "vitest";
import { asked, click, decisionsOf, hold, ticketRow } from "../testing/approvals.ts";
import { eventually, type TestGateway } from "../testing/lab.ts";
import { messagesIn, RawClient, type Reply, readReply, readUntil } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { ticketOf } from "../testing/slack.ts";

const scene = setScene();

/** A call held on a stream whose connection is then closed; resolves once the gateway has detected it. */
async function holdAndDisconnect(gateway: TestGateway) {
  const client = await RawClient.open(gateway.mcpUrl);
  const connection = new AbortController();
  const body = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "tools/call", params: { name: "create_item" } });
  const response = await client.fetch(body, {}, { signal: connection.signal });
  const start = await readUntil(response, (text) => text.includes("\n\n"));
  const lastEventId = /id: (s1_0)/.exec(start)?.[1] ?? "";
  const [question] = await eventually(
    () => scene.slack.requests,
    (seen) => seen.length > 0,
  );
  connection.abort();
  await eventually(gateway.health, ({ approvals }) => approvals.callersAway === 1);
  return { client, lastEventId, ticket: ticketOf(question) };
}

describe("a disconnected caller", () => {
  it("that returns gets the result of a call approved meanwhile, executed once", async () => {
    const gateway = await scene.launch();
    const { client, lastEventId, ticket } = await holdAndDisconnect(gateway);
    const answer = await click(gateway, { ticket });
    expect(answer).toMatchObject({
      http: 200,
      status: "approved",
      text: expect.stringMatching(/if the caller returns/),
    });
    expect(scene.backend.calls).toEqual([]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "pending" });
    const messages = messagesIn(await (await client.get({ "last-event-id": lastEventId })).text());
    expect(messages.at(-1)).toMatchObject({ id: 5, result: { content: [{ text: "{}" }] } });
    expect(scene.backend.calls).toHaveLength(1);
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "approved: approved by ann"]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "approved", decided_by: "ann" });
  });

  it("that returns gets the denial that was made meanwhile", async () => {
    const gateway = await scene.launch();
    const { client, lastEventId, ticket } = await holdAndDisconnect(gateway);
    await click(gateway, { ticket, action: "deny" });
    const messages = messagesIn(await (await client.get({ "last-event-id": lastEventId })).text());
    expect(messages.at(-1)).toMatchObject({ id: 5, error: { message: "approval denied" } });
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "denied: denied by ann"]);
  });

  it("can be denied after an approval, before it returns", async () => {
    const gateway = await scene.launch();
    const { client, lastEventId, ticket } = await holdAndDisconnect(gateway);
    await click(gateway, { ticket });
    expect(await click(gateway, { ticket, action: "deny", user: "bob" })).toMatchObject({ status: "denied" });
    const messages = messagesIn(await (await client.get({ "last-event-id": lastEventId })).text());
    expect(messages.at(-1)).toMatchObject({ error: { message: "approval denied" } });
    expect(scene.backend.calls).toEqual([]);
  });

  it.each([
    { variables: { APPROVAL_TTL: "1s" }, limit: "APPROVAL_TTL" },
    { variables: { CALLER_RETURN: "2s" }, limit: "CALLER_RETURN" },
    {
      variables: { CALLER_RETURN: "2s", PROTECTIONS_OFF: "approval-ttl" },
      limit: "CALLER_RETURN, without a TTL",
    },
  ])("that does not return within $limit does not get its call executed", async ({ variables }) => {
    const gateway = await scene.launch(variables);
    const { client, ticket } = await holdAndDisconnect(gateway);
    await click(gateway, { ticket });
    const reason = "approved by ann, but the caller did not return";
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, `expired: ${reason}`]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "expired", reason });
    expect(scene.backend.calls).toEqual([]);
  });

  it("that does not return has its ticket expired, also without a decision", async () => {
    const gateway = await scene.launch({ CALLER_RETURN: "50ms" });
    const { client, ticket } = await holdAndDisconnect(gateway);
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: caller left"]);
    expect(await click(gateway, { ticket })).toMatchObject({ status: "expired" });
  });

  it("that disconnects while the approved call is executed gets the result on return", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const connection = new AbortController();
    const params = { name: "create_item", arguments: { delayMs: 500 } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "tools/call", params });
    const response = await client.fetch(body, {}, { signal: connection.signal });
    const start = await readUntil(response, (text) => text.includes("\n\n"));
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    await click(gateway, { ticket: ticketOf(question) });
    await eventually(
      () => scene.backend.calls,
      ({ length }) => length === 1,
    );
    connection.abort();
    const resumed = await client.get({ "last-event-id": /id: (s1_0)/.exec(start)?.[1] ?? "" });
    expect(messagesIn(await resumed.text()).at(-1)).toMatchObject({ id: 5, result: {} });
    expect(scene.backend.calls).toMatchObject([{ aborted: false }]);
  });
});

describe("a caller that closes its request", () => {
  it("can resume its stream, and its call is then executed", async () => {
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
    // Events sent before the cut are sent again, since Last-Event-ID shows that the client missed them.
    expect(messages[0]).toMatchObject({ method: "notifications/progress" });
    expect(messages.at(-1)).toMatchObject({ id: 5, result: { content: [{ text: "{}" }] } });
    const replayed = messagesIn(await (await client.get({ "last-event-id": lastEventId })).text());
    expect(replayed).toEqual(messages);
    const stranger = await RawClient.open(gateway.mcpUrl);
    expect((await stranger.get({ "last-event-id": lastEventId })).status).toBe(400);
  });

  it("with a cancellation is answered at once, and its turn is released", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway, { turn: "t1" });
    await client.notify("notifications/cancelled", { requestId: 2 });
    expect((await reply).message.error?.message).toBe("request dropped: caller cancelled");
    expect((await client.call("list_items", {}, { turn: "t2" })).message.result).toBeDefined();
    expect(await click(gateway, { ticket })).toMatchObject({ status: "expired" });
  });

  it("permanently has its ticket expired at once", async () => {
    const gateway = await scene.launch();
    const { client, ticket } = await hold(scene, gateway);
    await client.notify("notifications/cancelled", { requestId: 2 });
    const row = await eventually(
      () => ticketRow(scene, ticket),
      (seen) => seen?.status !== "pending",
    );
    expect(row).toMatchObject({ status: "expired", reason: "caller left" });
    const update = await eventually(
      () => scene.slack.requests.find(({ method }) => method === "chat.update"),
      (seen) => seen !== undefined,
    );
    expect(update?.body.text).toBe("create_item: Expired: caller left");
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: caller left"]);
    const answer = await click(gateway, { ticket });
    expect(answer).toMatchObject({ status: "expired", text: expect.stringMatching(/already expired/) });
    expect(scene.backend.calls).toEqual([]);
  });

  it("without a resumable stream cannot return", async () => {
    const gateway = await scene.launch();
    const leaving = new AbortController();
    const extra = { signal: leaving.signal, headers: { accept: "application/json" } };
    const { client } = await hold(scene, gateway, extra);
    leaving.abort();
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: caller left"]);
  });

  it("by ending its session is answered at once", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway);
    await client.fetch(undefined, {}, { method: "DELETE" });
    expect((await reply).message.error?.message).toMatch(/session ended/);
    expect(await click(gateway, { ticket })).toMatchObject({ status: "expired" });
    expect(scene.backend.calls).toEqual([]);
  });

  it("within a batch does not get its call executed either", async () => {
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
