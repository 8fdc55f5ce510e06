import { describe, expect, it } from "vitest";
import { asked, click, decisionsOf, hold, ticketRow } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { setScene } from "../testing/scene.ts";

const scene = setScene();

describe("a held call", () => {
  it("is posted to Slack, executed once approved, and its message shows the outcome", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket, question } = await hold(scene, gateway);
    expect(question?.body.channel).toBe("#approvals");
    expect(question?.body.blocks.map(({ type }) => type)).toEqual(["header", "section", "actions"]);
    expect(JSON.stringify(question?.body.blocks)).toContain("create_item");
    expect(await ticketRow(scene, ticket)).toMatchObject({
      status: "pending",
      tool_name: "create_item",
      slack_channel: "#approvals",
    });
    expect((await gateway.health()).approvals.waiting).toBe(1);
    expect(scene.backend.calls).toEqual([]);
    expect(await click(gateway, { ticket })).toMatchObject({ http: 200, ok: true, status: "approved" });
    const { contentType, message } = await reply;
    expect(contentType).toBe("text/event-stream");
    expect(message.result).toMatchObject({ content: [{ text: '{"name":"x","count":1}' }] });
    expect(scene.backend.calls).toHaveLength(1);
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "approved: approved by ann"]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "approved", decided_by: "ann" });
    const update = await eventually(
      () => scene.slack.requests.find(({ method }) => method === "chat.update"),
      (seen) => seen !== undefined,
    );
    expect(update?.body).toMatchObject({ ts: "17.1", text: "create_item: Approved by ann" });
    expect(update?.body.blocks.some(({ type }) => type === "actions")).toBe(false);
    expect((await gateway.health()).approvals.waiting).toBe(0);
  });

  it("is not executed when denied", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway);
    await click(gateway, { ticket, action: "deny", user: "bob" });
    const denied = { code: -32001, message: "approval denied", data: { decision: "denied", reason: "denied by bob" } };
    expect((await reply).message.error).toEqual(denied);
    expect(scene.backend.calls).toEqual([]);
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "denied: denied by bob"]);
  });

  it("expires, and a later click changes nothing", async () => {
    const gateway = await scene.launch({ APPROVAL_TTL: "150ms" });
    const { client, reply, ticket } = await hold(scene, gateway);
    const expired = { decision: "expired", reason: "approval timeout" };
    expect((await reply).message.error).toEqual({ code: -32001, message: "approval timeout", data: expired });
    const late = await click(gateway, { ticket });
    expect(late).toMatchObject({
      http: 200,
      ok: true,
      status: "expired",
      text: expect.stringMatching(/already expired/),
    });
    expect(scene.backend.calls).toEqual([]);
    expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: approval timeout"]);
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "expired" });
  });

  it("answers plain JSON to a client that accepts no streams", async () => {
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway, { headers: { accept: "application/json" } });
    await click(gateway, { ticket });
    expect((await reply).contentType).toBe("application/json");
  });

  it("opens its stream at once and reports progress while it waits", async () => {
    const gateway = await scene.launch({ APPROVAL_TTL: "4s" });
    const { reply } = await hold(scene, gateway, { meta: { progressToken: 7 } });
    const progress = (await reply).messages.filter(({ method }) => method === "notifications/progress");
    expect(progress.length).toBeGreaterThanOrEqual(2);
    const values = progress.map(({ params }) => (params as { progressToken: number; progress: number }).progress);
    expect(values).toEqual([...new Set(values)].sort((left, right) => left - right));
    expect(progress[0]).toMatchObject({ params: { progressToken: 7, progress: 0 } });
  });

  it("keeps other turns of its session waiting, and its lock does not expire", async () => {
    const gateway = await scene.launch({ TURN_LOCK_TTL: "30ms", TURN_LOCK_WAIT: "300ms" });
    const { client, reply, ticket } = await hold(scene, gateway, { turn: "t1" });
    expect((await client.call("list_items", {}, { turn: "t2" })).message.error?.message).toMatch(/TURN_LOCK_WAIT/);
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
    expect((await client.call("list_items", {}, { turn: "t2" })).message.result).toBeDefined();
  });

  it("ends as upstream_error if the backend is down when it is approved", async () => {
    const gateway = await scene.launch();
    const { client, reply, ticket } = await hold(scene, gateway);
    await scene.backend.down();
    await click(gateway, { ticket });
    expect((await reply).message.error?.message).toBe("upstream error: test: connection refused");
    expect((await decisionsOf(scene, client, 3)).map((text) => text.split(":")[0])).toEqual([
      "approvalRequired",
      "approved",
      "upstream_error",
    ]);
  });

  it("waits without limit if the approval timeout is disabled", async () => {
    const gateway = await scene.launch({ APPROVAL_TTL: "30ms", PROTECTIONS_OFF: "approval-ttl" });
    const { reply, ticket } = await hold(scene, gateway);
    expect(await ticketRow(scene, ticket)).toMatchObject({ expires_at: null });
    await new Promise((resolve) => setTimeout(resolve, 120));
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
  });
});

describe("the time of a held call", () => {
  const control = (gateway: { url: string }, body: unknown, token = "lab-token") =>
    fetch(`${gateway.url}/approvals/time`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });

  it("stands still until it goes on, and can be set, by who has the token", async () => {
    const gateway = await scene.launch({ APPROVAL_TTL: "1s", CONTROL_TOKEN: "lab-token" });
    expect((await control(gateway, { stands: true }, "other")).status).toBe(401);
    expect((await control(gateway, { leftMs: 0 })).status).toBe(400);
    expect((await control(gateway, { stands: true })).status).toBe(200);
    // Also of a call that arrives meanwhile.
    const { reply, ticket } = await hold(scene, gateway);
    await eventually(
      () => ticketRow(scene, ticket),
      (row) => row?.expires_at === null,
    );
    expect(await (await control(gateway, { stands: true })).json()).toEqual({ waiting: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect((await gateway.health()).approvals.waiting).toBe(1);
    await control(gateway, { leftMs: 200 });
    await control(gateway, { stands: false });
    expect((await reply).message.error?.message).toBe("approval timeout");
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "expired", expires_at: expect.any(Date) });
  });

  it("cannot be changed where the gateway has no token", async () => {
    const gateway = await scene.launch();
    expect((await control(gateway, { stands: true })).status).toBe(404);
  });
});

describe("a ticket of an earlier gateway process", () => {
  it("that it did not come to store before it was killed has expired at the start, once", async () => {
    const { client, ticket } = await hold(scene, await scene.launch());
    await scene.stopGateways();
    await scene.postgres.query("DELETE FROM approvals WHERE id = $1", [ticket]);
    await scene.launch();
    // Its end was recorded: the process was not killed.
    expect(await decisionsOf(scene, client, 1)).toEqual([asked]);
    await scene.stopGateways();
    await scene.postgres.query("DELETE FROM calls");
    await scene.launch();
    const expected = [asked, "expired: gateway restarted while waiting"];
    expect(await decisionsOf(scene, client, 2)).toEqual(expected);
    await scene.stopGateways();
    await scene.launch();
    expect(await decisionsOf(scene, client, 2)).toEqual(expected);
  });

  it.each([true, false])(
    "expires at the start, and a click on it reports that (message stored: %s)",
    async (isNoted) => {
      const first = await scene.launch();
      const { client, reply, ticket } = await hold(scene, first);
      await eventually(
        () => ticketRow(scene, ticket),
        (row) => row?.slack_ts !== null,
      );
      if (!isNoted) await scene.postgres.query("UPDATE approvals SET slack_ts = NULL WHERE id = $1", [ticket]);
      await scene.stopGateways();
      expect((await reply).message.error?.message).toMatch(/stopping/);
      expect(await ticketRow(scene, ticket)).toMatchObject({ status: "pending" });
      const second = await scene.launch();
      expect(await decisionsOf(scene, client, 2)).toEqual([asked, "expired: gateway restarted while waiting"]);
      expect(await click(second, { ticket })).toMatchObject({ http: 200, status: "expired" });
      const update = await eventually(
        () => scene.slack.requests.find(({ method }) => method === "chat.update"),
        (seen) => seen !== undefined,
      );
      expect(update?.body).toMatchObject({
        ts: "17.1",
        text: expect.stringMatching(/gateway restarted while waiting/),
      });
    },
  );
});
