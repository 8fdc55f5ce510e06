import { describe, expect, it } from "vitest";
import { startBackend } from "../testing/backend.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { type AuditRow, setScene } from "../testing/scene.ts";

const scene = setScene();

const decisionsOf = (rows: AuditRow[]): string[] => rows.map(({ tool_name, decision }) => `${tool_name} ${decision}`);

describe("tools/list", () => {
  const toolsOf = async (client: RawClient): Promise<unknown[]> => {
    const { result } = (await client.request("tools/list")).message;
    return ((result?.tools ?? []) as { name: string }[]).map(({ name }) => name);
  };

  it("is served from the cache when the backend is down; a call then names the cause", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["list_items", "create_item", "delete_item"]);
    await scene.backend.down();
    expect(await toolsOf(client)).toEqual(["list_items", "create_item", "delete_item"]);
    const { error } = (await client.call("list_items")).message;
    expect(error).toEqual({
      code: -32603,
      message: "upstream error: test: connection refused",
      data: { decision: "upstream_error", reason: "connection refused" },
    });
    const rows = await scene.rowsOf(client, 2);
    expect(decisionsOf(rows)).toEqual(["list_items allow", "list_items upstream_error"]);
    expect(new Set(rows.map(({ call_id }) => call_id)).size).toBe(1);
    const sick = await gateway.health();
    expect(sick).toMatchObject({ status: "degraded", backends: { test: { cached: true } } });
    expect(sick.backends.test?.lastError).toBe("connection refused");
    const late = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(late)).toHaveLength(3);
    await scene.backend.up();
    await eventually(gateway.health, ({ status }) => status === "ok");
    expect((await client.call("list_items")).message.result).toBeDefined();
  });

  const notListed = {
    code: -32603,
    message: "upstream error: test is not available, and no tools of it are cached: connection refused",
    data: { backend: "test", reason: "connection refused" },
  };

  it("is an error that names a backend that was never reachable", async () => {
    await scene.backend.down();
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    expect((await client.request("tools/list")).message.error).toEqual(notListed);
    expect((await client.call("list_items")).message.error?.message).toBe("Unknown tool: list_items");
    await scene.backend.up();
    expect((await client.call("list_items")).message.result).toBeDefined();
  });

  it("is cached after the start without a request", async () => {
    const gateway = await scene.launch();
    await eventually(gateway.health, ({ backends }) => backends.test?.cached === true);
    await scene.backend.down();
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toHaveLength(3);
  });

  it("is cached again after a recovery, with what the backend offers by then", async () => {
    await scene.backend.down();
    const gateway = await scene.launch();
    await eventually(gateway.health, ({ status }) => status === "degraded");
    await scene.backend.up();
    await eventually(gateway.health, ({ backends }) => backends.test?.cached === true);
    await scene.backend.down();
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toHaveLength(3);
  });

  it("lists the tools of reachable backends when another was never reachable", async () => {
    const other = await startBackend({ tools: ["list_more"] });
    try {
      await scene.backend.down();
      const gateway = await scene.launch({ BACKENDS: `test=${scene.backend.url},other=${other.url}` });
      expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["list_more"]);
    } finally {
      await other.down();
    }
  });

  it("is an error when the only backend has failed and the cache is disabled", async () => {
    const client = await RawClient.open((await scene.launch({ PROTECTIONS_OFF: "capability-cache" })).mcpUrl);
    expect(await toolsOf(client)).toHaveLength(3);
    await scene.backend.down();
    expect((await client.call("list_items")).message.error?.message).toBe("Unknown tool: list_items");
    expect((await client.request("tools/list")).message.error).toEqual(notListed);
  });

  it("resolves a name offered by two backends to the first, and reports the conflict", async () => {
    const other = await startBackend({ tools: ["list_items", "list_more"] });
    try {
      const gateway = await scene.launch({ BACKENDS: `test=${scene.backend.url},other=${other.url}` });
      const client = await RawClient.open(gateway.mcpUrl);
      expect(await toolsOf(client)).toEqual(["list_items", "create_item", "delete_item", "list_more"]);
      await client.call("list_items");
      await client.call("list_more");
      expect([scene.backend.calls.length, other.calls.length]).toEqual([1, 1]);
      const { status, reasons } = await gateway.health();
      expect([status, reasons]).toEqual(["ok", ["tool list_items of other is hidden by the one of test"]]);
    } finally {
      await other.down();
    }
  });
});
