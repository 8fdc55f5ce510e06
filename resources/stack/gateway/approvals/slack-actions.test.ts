import { describe, expect, it } from "vitest";
import { click, decisionsOf, deliver, hold, ticketRow } from "../testing/approvals.ts";
import { RawClient } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { signBody, signClick } from "../testing/slack.ts";

const scene = setScene();

describe("clicks", () => {
  it.each([
    ["a wrong secret", { secret: "guess" }],
    ["an old timestamp", { skew: -301 }],
    ["a timestamp of the future", { skew: 301 }],
  ])("with %s change nothing", async (_name, change) => {
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    expect(await click(gateway, { ticket, ...change })).toMatchObject({ http: 401, ok: false });
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "pending" });
    await click(gateway, { ticket, action: "deny" });
    await reply;
  });

  it("that are unsigned, altered or invalid are refused", async () => {
    const gateway = await scene.launch();
    const signed = signClick({ ticket: "0d9ab6a4-0000-4000-8000-000000000000" });
    expect((await deliver(gateway, { body: signed.body, headers: {} })).http).toBe(401);
    expect((await deliver(gateway, { ...signed, body: `${signed.body}&x=1` })).http).toBe(401);
    expect(await deliver(gateway, signed)).toMatchObject({ http: 404, ok: false });
    const bodies = ["", "payload=", "payload=7", "payload={}", 'payload={"type":"block_actions","actions":[]}', "x=y"];
    for (const body of bodies) expect((await deliver(gateway, signBody(body, scene.slack.secret))).http).toBe(400);
    expect((await click(gateway, { ticket: "'; DROP TABLE approvals; --" })).http).toBe(400);
  });

  it("are all refused without a signing secret", async () => {
    const gateway = await scene.launch({ SLACK_SIGNING_SECRET: "" });
    expect((await click(gateway, { ticket: "x", secret: "" })).http).toBe(503);
  });

  it("that are repeated with the same signature get the same response and have no second effect", async () => {
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    const signed = signClick({ ticket });
    const answers = await Promise.all([deliver(gateway, signed), deliver(gateway, signed)]);
    await reply;
    expect(answers[1]).toEqual(answers[0]);
    expect(await deliver(gateway, signed)).toEqual(answers[0]);
    expect(scene.backend.calls).toHaveLength(1);
  });

  it("on a decided ticket report its decision", async () => {
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    await click(gateway, { ticket, user: "ann" });
    await reply;
    expect(await click(gateway, { ticket, action: "deny", user: "bob" })).toMatchObject({
      http: 200,
      status: "approved",
      text: "create_item was already approved by ann. This click changed nothing.",
    });
    expect(await ticketRow(scene, ticket)).toMatchObject({ status: "approved", decided_by: "ann" });
  });

  it("race with expiry: exactly one outcome wins and is recorded", async () => {
    const gateway = await scene.launch({ APPROVAL_TTL: "60ms" });
    const client = await RawClient.open(gateway.mcpUrl);
    const outcomes: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const { reply, ticket } = await hold(scene, gateway, {}, client);
      await new Promise((resolve) => setTimeout(resolve, 5 * round));
      const answers = await Promise.all([
        click(gateway, { ticket, user: "ann" }),
        click(gateway, { ticket, action: "deny", user: "bob" }),
        click(gateway, { ticket, user: "eve" }),
      ]);
      const { message } = await reply;
      const outcome = message.error?.data?.decision ?? "approved";
      outcomes.push(outcome);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([outcome]));
      expect(answers.filter(({ text }) => !text.includes("already")).length).toBeLessThanOrEqual(1);
      expect(await ticketRow(scene, ticket)).toMatchObject({ status: outcome });
    }
    expect(scene.backend.calls).toHaveLength(outcomes.filter((outcome) => outcome === "approved").length);
    const decisions = (await decisionsOf(scene, client, 24)).map((text) => text.split(":")[0]);
    expect(decisions.filter((decision) => decision !== "approvalRequired")).toEqual(outcomes);
  });
});
