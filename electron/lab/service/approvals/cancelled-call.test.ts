import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { tokenHeaders } from "../../stacks/service-token.ts";
import { EngineService } from "../engine-service.ts";

const PROMPT =
  "List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer.";
/** Of the gateway, or of Slack where the message has no button any more. */
const TOO_LATE = /create_refund was already expired\. This click changed nothing|No message offers to approve/;
/** A refund that waits for approval, asked for in each way that a run has. */
const HELD = {
  agent: `{ agent: "${PROMPT}" }`,
  call: "{ call: create_refund, arguments: { charge_id: ch_1, reason: requested_by_customer } }",
};

test("a held call whose run was cancelled cannot be approved any more: whoever does is told so, and nothing is executed", async () => {
  const engine = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: temporaryFolder() });
  onTestFinished(async () => {
    await engine.stack.down().catch(() => {});
    await engine.close();
  });
  engine.settings.change({ ports: "auto" });
  await engine.stack.up();
  const service = (name: string) => engine.stack.running?.stack.services.find((each) => each.name === name);
  const at = (name: string, path: string) => `http://${engine.stack.running?.address(name)}${path}`;
  const executed = async () => {
    const reply = await fetch(at("payments-mcp", "/state"), { headers: tokenHeaders(service("payments-mcp")) });
    const { toolCalls } = (await reply.json()) as { toolCalls: Record<string, number> };
    return toolCalls.create_refund ?? 0;
  };

  for (const [way, step] of Object.entries(HELD)) {
    const head = `id: held-${way}\ntitle: A refund waits\npatterns: []\nsteadyState: [{ service: gateway, is: up }]\n`;
    engine.scenarios.save(`${head}method: [${step}]\nexpect: [{ policyOutcome: approved }]\n`, { replace: false });
    const [started] = await engine.runs.start([engine.scenarios.find(`held-${way}`)], [], 1);
    const decidable = () => engine.approvals.waiting().waiting.filter(({ blockedBecause }) => blockedBecause === null);
    await expect.poll(() => decidable().map(({ tool }) => tool)).toEqual(["create_refund"]);
    const ticket = decidable()[0]?.ticket ?? "";
    expect(await executed()).toBe(0);
    await engine.runs.cancel(started?.entryId ?? "");
    await expect.poll(() => engine.runs.isBusy).toBe(false);
    expect(engine.runs.state().ended[0]).toMatchObject({ outcome: "cancelled" });

    await expect(engine.approvals.decide(ticket, "approve", "ana")).rejects.toThrow(TOO_LATE);
    const click = await fetch(at("mock-slack", "/click"), {
      method: "POST",
      headers: { "content-type": "application/json", ...tokenHeaders(service("mock-slack")) },
      body: JSON.stringify({ action: "approve", ticket, user: "bob" }),
    });
    expect(await click.text()).toMatch(TOO_LATE);
    await expect.poll(() => engine.approvals.waiting()).toEqual({ waiting: [], unknownBecause: null });
    expect(await executed()).toBe(0);
  }
});
