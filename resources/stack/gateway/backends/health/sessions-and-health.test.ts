import { describe, expect, it } from "vitest";
import {
  becomes,
  isUnhealthy,
  isUp,
  monitored,
  setBackendScene,
  statusOf,
  toolsOf,
} from "../../testing/backend-scene.ts";
import { eventually } from "../../testing/lab.ts";
import { RawClient } from "../../testing/raw-client.ts";

const scene = setBackendScene();

describe("sessions and health", () => {
  it("a call to a backend that has failed since is an error at once, and the session goes on", async () => {
    const { stable, unstable, gateway } = await scene.pair({ UPSTREAM_DEADLINE: "20s" });
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
    let sent = 0;
    unstable.intercept = () => {
      sent += 1;
      return true;
    };
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    expect((await client.call("echo")).message.error).toEqual({
      code: -32603,
      message: "upstream error: unstable: unhealthy: connection refused",
      data: { decision: "upstream_error", reason: "unhealthy: connection refused" },
    });
    expect((await client.call("fetch")).message.result).toBeDefined();
    expect([stable.calls.length, sent]).toEqual([1, 0]);
  });

  it("a session that begins during an outage has the other tools, and says what it lacks; one after it has all", async () => {
    const { unstable, gateway } = await scene.pair();
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
    const during = await RawClient.open(gateway.mcpUrl);
    const { result } = (await during.request("tools/list")).message;
    expect(result).toMatchObject({
      tools: [{ name: "fetch" }],
      _meta: {
        "resilience-lab/missingBackends": [{ backend: "unstable", reason: "unhealthy: connection refused" }],
      },
    });
    expect((await during.call("echo")).message.error?.message).toMatch(
      /^Unknown tool: echo: unstable, which has it, is not part of this session: unhealthy: .*Open a new session/,
    );
    await unstable.up();
    await becomes(gateway, "unstable", isUp);
    expect(await toolsOf(during)).toEqual(["fetch"]);
    const after = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(after)).toEqual(["fetch", "echo"]);
    expect((await after.call("echo")).message.result).toBeDefined();
  });

  it("CreateSession_SkipsKnownBadSlowBackend: nothing is asked of a bad backend, and the healthy one is there", async () => {
    const { unstable, gateway } = await scene.pair({ BACKEND_UNSTABLE_HEALTH_TIMEOUT: "500ms" });
    const asked = new Set<unknown>();
    unstable.intercept = (request, _response, body) => {
      asked.add(body === "" ? request.method : JSON.parse(body).method);
      return true;
    };
    await becomes(gateway, "unstable", isUnhealthy);
    asked.clear();
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch"]);
    expect((await client.call("fetch")).message.result).toBeDefined();
    // The monitor alone goes on asking.
    expect([...asked].filter((method) => method !== "tools/list" && method !== "notifications/cancelled")).toEqual([]);
  });

  it("CreateSession_DegradedIsAttempted: a slow backend has a session for the client, and its tools are offered", async () => {
    const { unstable, gateway } = await scene.pair({ DEGRADED_AFTER: "1ms" });
    await becomes(gateway, "unstable", ({ Status }) => Status === "degraded");
    const before = unstable.sessions();
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    await eventually(unstable.sessions, (sessions) => sessions === before + 1);
  });

  it("CreateSession_MonitorMissHonoursRegistryStatus: a backend that no probe has judged yet has one, too", async () => {
    const [stable, unstable] = [await scene.backend("fetch"), await scene.backend("echo")];
    unstable.intercept = (_request, _response, body) => body.includes('"tools/list"');
    const gateway = await scene.gateway({ stable, unstable }, { ...monitored, HEALTH_TIMEOUT: "10m" });
    await becomes(gateway, "stable", isUp);
    await eventually(unstable.sessions, (sessions) => sessions === 1);
    expect((await statusOf(gateway)).backends[1]).toMatchObject({ name: "unstable", health: "unknown" });
    await RawClient.open(gateway.mcpUrl);
    await eventually(unstable.sessions, (sessions) => sessions === 2);
  });

  it("CreateSession_NilHealthProviderConnectsAll: without a monitor every backend has one, whatever it answers", async () => {
    const [stable, unstable] = [await scene.backend("fetch"), await scene.backend("echo")];
    const gateway = await scene.gateway({ stable, unstable }, { PROTECTIONS_OFF: "health-monitor" });
    // The gateway's own.
    await eventually(
      () => [stable.sessions(), unstable.sessions()],
      (sessions) => sessions.every((count) => count === 1),
    );
    unstable.intercept = (_request, response, body) => {
      if (!body.includes('"tools/list"')) return false;
      response.writeHead(503).end();
      return true;
    };
    const client = await RawClient.open(gateway.mcpUrl);
    await client.request("tools/list");
    await eventually(
      () => [stable.sessions(), unstable.sessions()],
      (sessions) => sessions.every((count) => count === 2),
    );
  });

  it("ListTools_HealthFiltersBeforeAggregating: an unhealthy backend is not asked for its tools", async () => {
    const { unstable, gateway } = await scene.pair();
    await unstable.down();
    await becomes(
      gateway,
      "unstable",
      ({ CircuitState, Status }) => CircuitState === "closed" && Status === "unhealthy",
    );
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch"]);
    expect((await client.call("fetch")).message.result).toBeDefined();
  });

  it("with no backend healthy the gateway answers and names them, also a session that begins then", async () => {
    const { stable, unstable, gateway } = await scene.pair();
    await Promise.all([stable.down(), unstable.down()]);
    await becomes(gateway, "stable", isUnhealthy);
    await becomes(gateway, "unstable", isUnhealthy);
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.request("tools/list")).message.error?.message).toBe(
      "upstream error: stable is not available: unhealthy: connection refused",
    );
    expect((await statusOf(gateway)).healthy).toBe(false);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    expect((await client.request("ping")).message.result).toEqual({});
  });

  it("follows health within a session where SESSION_TOOLS says so, and tells the client by list_changed", async () => {
    const { unstable, gateway } = await scene.pair({ SESSION_TOOLS: "follow" });
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    const stream = await client.get();
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
    expect(await toolsOf(client)).toEqual(["fetch"]);
    await unstable.up();
    await becomes(gateway, "unstable", isUp);
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    await client.fetch(undefined, {}, { method: "DELETE" });
    expect(await stream.text()).toContain("notifications/tools/list_changed");
  });
});

describe("a name that two backends have", () => {
  it.each([
    ["stays with its owner while that is down: the call is an error", {}, 0],
    ["is taken over by the other when the protection is off", { PROTECTIONS_OFF: "name-ownership" }, 1],
  ])("%s", async (_what, variables, takenOver) => {
    const [payments, support] = [await scene.backend("delete", "pay"), await scene.backend("delete")];
    const gateway = await scene.gateway({ payments, support }, { ...monitored, ...variables });
    await becomes(gateway, "payments", isUp);
    await becomes(gateway, "support", isUp);
    await payments.down();
    await becomes(gateway, "payments", isUnhealthy);
    const client = await RawClient.open(gateway.mcpUrl);
    const { error } = (await client.call("delete")).message;
    expect([support.calls.length, error === undefined]).toEqual([takenOver, takenOver === 1]);
  });
});
