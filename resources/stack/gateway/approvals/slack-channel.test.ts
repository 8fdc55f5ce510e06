import { describe, expect, it } from "vitest";
import { click, hold } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { freePort } from "../testing/postgres.ts";
import { RawClient } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { ticketOf } from "../testing/slack.ts";

const scene = setScene();

describe("Slack's troubles", () => {
  it("being down is logged, and the hold goes on to its end", async () => {
    const gateway = await scene.launch({
      SLACK_URL: `http://127.0.0.1:${await freePort()}/api`,
      APPROVAL_TTL: "200ms",
    });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("create_item")).message.error?.data?.decision).toBe("expired");
    expect(gateway.log.join()).toMatch(/slack: chat\.postMessage failed: .*ECONNREFUSED/);
  });

  it("answering never does not delay the end of the hold", async () => {
    scene.slack.intercept = () => true;
    const gateway = await scene.launch({ APPROVAL_TTL: "200ms" });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("create_item")).message.error?.data?.decision).toBe("expired");
  });

  it("asking to come back later is done as it says", async () => {
    let refusals = 2;
    scene.slack.intercept = (_method, response) => {
      if (refusals === 0) return false;
      refusals -= 1;
      response.writeHead(429, { "retry-after": "0" }).end();
      return true;
    };
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
  });

  it("refusing the token is logged with Slack's own word", async () => {
    const gateway = await scene.launch({ SLACK_BOT_TOKEN: "wrong", APPROVAL_TTL: "200ms" });
    await (await RawClient.open(gateway.mcpUrl)).call("create_item");
    expect(gateway.log.join()).toMatch(/Slack says invalid_auth/);
  });

  it("arguments cannot become mentions or break out of their block", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    void client.call("create_item", { text: "<!channel> ``` & more", long: "x".repeat(5_000) }).catch(() => {});
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    const text = JSON.stringify(question?.body.blocks);
    expect(text).not.toContain("<!channel>");
    expect(text).toMatch(/cut; SHA-256 [0-9a-f]{64}/);
    const fields = question?.body.blocks.flatMap((block) =>
      "fields" in block ? (block.fields as { text: string }[]) : [],
    );
    for (const field of fields ?? []) expect(field.text.length).toBeLessThanOrEqual(2_000);
    await click(gateway, { ticket: ticketOf(question), action: "deny" });
  });
});
