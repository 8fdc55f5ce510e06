import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";

const scene = setScene();
const folder = mkdtempSync(join(tmpdir(), "gateway-calls-"));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A database of a version without the table of calls, with decisions. */
async function earlierDatabase(): Promise<RawClient> {
  const gateway = await scene.launch();
  const client = await RawClient.open(gateway.mcpUrl);
  await client.call("list_items");
  await gateway.stop();
  await scene.postgres.query("DROP TABLE IF EXISTS calls");
  await scene.postgres.query("DROP FUNCTION IF EXISTS notify_calls");
  return client;
}

describe("the table of calls", () => {
  it("is created at the start in a database of an earlier version, whose rows are kept", async () => {
    const earlier = await earlierDatabase();
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.call("list_items");
    await gateway.stop();
    expect(await scene.callsOf(client.sessionId)).toMatchObject([{ outcome: "ok" }]);
    expect(await scene.rowsOf(earlier, 1)).toHaveLength(1);
  });

  it("can be dropped while the gateway runs: calls go on, and all rows are written at the next start", async () => {
    const variables = { AUDIT_SPOOL_FOLDER: folder };
    const gateway = await scene.launch(variables);
    const client = await RawClient.open(gateway.mcpUrl);
    await scene.postgres.query("DROP TABLE calls");
    for (let n = 0; n < 3; n += 1) expect((await client.call("list_items")).message.result).toBeDefined();
    const health = await eventually(gateway.health, ({ calls, audit }) => calls.failing && audit.pending === 0);
    expect(health).toMatchObject({
      status: "ok",
      audit: { written: 3 },
      calls: { written: 0, pending: 3, dropped: 0 },
    });
    expect(health.reasons).toEqual([expect.stringMatching(/^calls: 3 rows are pending/)]);
    await gateway.stop();
    const next = await scene.launch(variables);
    await eventually(next.health, ({ calls }) => calls.pending === 0);
    expect(await scene.callsOf(client.sessionId)).toHaveLength(3);
  });

  it("that cannot be created does not prevent the gateway from starting", async () => {
    await earlierDatabase();
    await scene.postgres.query("CREATE VIEW calls AS SELECT 1 AS other");
    try {
      const gateway = await scene.launch({ AUDIT_SPOOL_LIMIT: "2" });
      expect(gateway.log.join()).toMatch(/calls: the table cannot be used: /);
      const client = await RawClient.open(gateway.mcpUrl);
      for (let n = 0; n < 4; n += 1) {
        expect((await client.call("list_items")).message.result).toBeDefined();
        await eventually(gateway.health, ({ audit }) => audit.written === n + 1);
      }
      const { status, calls } = await gateway.health();
      expect([status, calls]).toMatchObject(["ok", { pending: 2, dropped: 2 }]);
    } finally {
      await scene.postgres.query("DROP VIEW calls");
    }
  });
});
