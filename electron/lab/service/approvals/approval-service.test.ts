import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { ApprovalService } from "./approval-service.ts";

const TICKET = "5f0c5b1e-8f5f-4a3c-9d39-2f6f3f0f7d11";

let channel: Server;
let approvals: ApprovalService;
/** What the gateway answers to the click that the channel sends it. */
let gatewayAnswer: object;

beforeEach(async () => {
  channel = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify({ status: 200, body: JSON.stringify(gatewayAnswer) }));
  }).listen(0, "127.0.0.1");
  await once(channel, "listening");
  const { port } = channel.address() as AddressInfo;
  const endpoints: Record<string, string> = {
    "approval-channel": `http://127.0.0.1:${port}/click`,
    "audit-log": "postgres://lab@127.0.0.1:1/audit",
  };
  const stack = {
    stack: { services: [{ role: "audit-log" }, { role: "gateway" }] },
    endpoint: (role: string) => endpoints[role],
  };
  approvals = new ApprovalService(() => {});
  approvals.open(stack as unknown as RunningStack);
});

afterEach(async () => {
  await approvals.close();
  channel.closeAllConnections();
  channel.close();
});

describe("a decision", () => {
  test.each([
    ["approve", "approved"],
    ["deny", "denied"],
  ] as const)("to %s that the gateway has taken is told in its words", async (action, status) => {
    gatewayAnswer = { ok: true, status, text: `create_refund was ${status} by ann.` };
    expect(await approvals.decide(TICKET, action, "ann")).toEqual({
      status: 200,
      message: `create_refund was ${status} by ann.`,
    });
  });

  test.each(["approve", "deny"] as const)("to %s that came too late is no success", async (action) => {
    const text = "create_refund was already expired. This click changed nothing.";
    gatewayAnswer = { ok: true, status: "expired", text };
    await expect(approvals.decide(TICKET, action, "ann")).rejects.toMatchObject({
      code: "precondition",
      message: text,
    });
  });
});
