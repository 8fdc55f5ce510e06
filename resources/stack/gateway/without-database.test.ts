import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startBackend, type TestBackend } from "./testing/backend.ts";
import { eventually, launchGateway, type TestGateway } from "./testing/lab.ts";
import { RawClient } from "./testing/raw-client.ts";
import { startSlack, type TestSlack } from "./testing/slack.ts";

let folder: string;
let file: string;
let backend: TestBackend;
let slack: TestSlack;
const gateways: TestGateway[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gateway-file-"));
  file = join(folder, "audit.jsonl");
  [backend, slack] = await Promise.all([startBackend(), startSlack()]);
});
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await Promise.all([backend.down(), slack.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function launch(variables: Record<string, string> = {}): Promise<TestGateway> {
  const gateway = await launchGateway({
    AUDIT_FILE: file,
    BACKENDS: `test=${backend.url}`,
    SLACK_URL: slack.url,
    SLACK_SIGNING_SECRET: slack.secret,
    APPROVAL_TTL: "200ms",
    ...variables,
  });
  gateways.push(gateway);
  return gateway;
}

type Line = Record<string, unknown>;
/** Without changes of the backend, which come at any time. */
const texts = (): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith('{"table":"backend_changes"'));
const lines = (): Line[] => texts().map((line) => JSON.parse(line) as Line);
const written = (count: number) => eventually(lines, (all) => all.length >= count);

describe("a gateway without PostgreSQL", () => {
  it("starts healthy and writes decisions and calls to its file, for its owner alone", async () => {
    const gateway = await launch();
    expect(await gateway.health()).toMatchObject({ status: "ok", reasons: [] });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("list_items", { note: 'a "quoted"\ntext' })).message.result).toBeDefined();
    await client.call("delete_item");
    const all = await written(4);
    expect(all.filter(({ table }) => table === "audit_log")).toMatchObject([
      {
        tool_name: "list_items",
        decision: "allow",
        arguments: { note: 'a "quoted"\ntext' },
        session_id: client.sessionId,
      },
      { tool_name: "delete_item", decision: "deny" },
    ]);
    expect(all.filter(({ table }) => table === "calls")).toMatchObject([
      { tool_name: "list_items", outcome: "ok", attempts: 1 },
      { tool_name: "delete_item", outcome: "refused" },
    ]);
    const [{ decided_at } = {}] = all.filter(({ table }) => table === "audit_log");
    expect(new Date(String(decided_at)).toISOString()).toBe(decided_at);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("holds calls for an approval, which expires by itself", async () => {
    const client = await RawClient.open((await launch()).mcpUrl);
    expect((await client.call("create_item")).message.error?.data).toMatchObject({ decision: "expired" });
    const all = await written(3);
    const decisions = all.filter(({ table }) => table === "audit_log").map(({ decision }) => decision);
    expect(decisions).toEqual(["approvalRequired", "expired"]);
  });

  it("goes on after half a line that a killed one has left", async () => {
    writeFileSync(file, '{"table":"audit_log","call_id":"half');
    const client = await RawClient.open((await launch()).mcpUrl);
    await client.call("delete_item");
    const whole = await eventually(texts, (all) => all.length >= 3);
    expect(whole[0]).toBe('{"table":"audit_log","call_id":"half');
    expect(whole.slice(1).map((line) => JSON.parse(line).tool_name)).toEqual(["delete_item", "delete_item"]);
  });

  it("does not start with a file that it may not write", async () => {
    await expect(launch({ AUDIT_FILE: folder })).rejects.toThrow(/audit: .*Set AUDIT_FILE to a file/);
  });
});
