import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startBackend, type TestBackend } from "../testing/backend.ts";
import { eventually, launchGateway, type TestGateway } from "../testing/lab.ts";
import { startPostgres, type TestPostgres } from "../testing/postgres.ts";
import { RawClient } from "../testing/raw-client.ts";
import { signClick, startSlack, type TestSlack, ticketOf } from "../testing/slack.ts";

let postgres: TestPostgres;
let backend: TestBackend;
let slack: TestSlack;
let gateway: TestGateway;
let client: RawClient;

const policy = `
rules:
  - { tool: "list_*", action: allow }
  - { tool: create_item, action: approvalRequired }
defaultAction: deny
`;

beforeEach(async () => {
  [postgres, backend, slack] = await Promise.all([startPostgres(), startBackend(), startSlack()]);
  const variables = {
    DATABASE_URL: postgres.url,
    BACKENDS: `test=${backend.url}`,
    SLACK_URL: slack.url,
    SLACK_SIGNING_SECRET: slack.secret,
    APPROVAL_TTL: "700ms",
  };
  gateway = await launchGateway(variables, policy);
  client = await RawClient.open(gateway.mcpUrl);
});

afterEach(async () => {
  await gateway?.stop();
  await Promise.all([slack?.stop(), backend?.down(), postgres?.stop()]);
});

async function numbersWritten(): Promise<number[]> {
  const rows = await postgres.query<{ n: number }>(
    "SELECT (arguments->>'n')::int AS n FROM audit_log WHERE tool_name = 'list_items' ORDER BY id",
  );
  return rows.map(({ n }) => n);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

async function callFrom(first: number, end: number): Promise<void> {
  for (let n = first; n < end; n += 1) {
    expect((await client.call("list_items", { n }, { turn: "t" })).message.result).toBeDefined();
  }
}

async function click(ticket: string) {
  const { body, headers } = signClick({ ticket });
  return (await fetch(`${gateway.url}/slack/actions`, { method: "POST", body, headers })).status;
}

describe("a database outage", () => {
  it("killed under load: calls go on, and all rows are written once and in order after recovery", async () => {
    await callFrom(0, 100);
    const killing = postgres.kill();
    await callFrom(100, 200);
    await killing;
    await callFrom(200, 300);
    const during = await eventually(gateway.health, ({ status }) => status === "degraded");
    expect(during.audit.pending).toBeGreaterThan(0);
    expect(during.reasons.join()).toMatch(/audit: \d+ rows are pending/);
    await postgres.start();
    await callFrom(300, 350);
    const after = await eventually(gateway.health, ({ audit }) => audit.pending === 0);
    expect(after).toMatchObject({ status: "ok", audit: { written: 350, dropped: 0 } });
    expect(await numbersWritten()).toEqual(upTo(350));
    const ends = await eventually(gateway.health, ({ calls }) => calls.pending === 0);
    expect(ends.calls).toEqual({ written: 350, pending: 0, unsaved: 0, dropped: 0, failing: false });
  });

  it("paused: calls are not delayed, and nothing is written twice after it resumes", async () => {
    await callFrom(0, 20);
    postgres.signal("SIGSTOP");
    await callFrom(20, 60);
    postgres.signal("SIGCONT");
    await eventually(gateway.health, ({ audit }) => audit.pending === 0);
    expect(await numbersWritten()).toEqual(upTo(60));
  });

  it("when an approval is needed: the call is refused, not executed", async () => {
    await client.request("tools/list");
    await postgres.kill();
    const { error } = (await client.call("create_item")).message;
    expect(error).toMatchObject({
      message: "approval denied",
      data: { decision: "denied", reason: "approval could not be recorded" },
    });
    expect(backend.calls).toEqual([]);
    await postgres.start();
    await eventually(gateway.health, ({ audit }) => audit.pending === 0);
    const rows = await postgres.query<{ decision: string }>("SELECT decision FROM audit_log ORDER BY id");
    expect(rows.map(({ decision }) => decision)).toEqual(["approvalRequired", "denied"]);
  });

  it("during a click: nothing is decided, the hold ends in time, and the row is corrected later", async () => {
    const reply = client.call("create_item");
    const [question] = await eventually(
      () => slack.requests,
      (seen) => seen.length > 0,
    );
    const ticket = ticketOf(question);
    await postgres.kill();
    expect(await click(ticket)).toBe(503);
    expect((await reply).message.error?.data?.decision).toBe("expired");
    expect(await click(ticket)).toBe(200);
    expect(backend.calls).toEqual([]);
    await postgres.start();
    const rows = await eventually(
      () => postgres.query<{ status: string }>("SELECT status FROM approvals"),
      ([row]) => row?.status === "expired",
    );
    expect(rows).toHaveLength(1);
  });
});
