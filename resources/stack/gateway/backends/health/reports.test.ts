import { describe, expect, it } from "vitest";
import { backendHealth, becomes, monitored, setBackendScene, statusOf, toolsOf } from "../../testing/backend-scene.ts";
import { eventually } from "../../testing/lab.ts";
import { RawClient } from "../../testing/raw-client.ts";

const scene = setBackendScene();

describe("reports", () => {
  it("have ToolHive's shapes", async () => {
    const { gateway } = await scene.pair({ BACKEND_STABLE_TOKEN: "t0ken" });
    await becomes(gateway, "stable", ({ Status }) => Status === "healthy");
    expect(await statusOf(gateway)).toMatchObject({
      backends: [
        {
          name: "stable",
          health: "healthy",
          transport: "streamable-http",
          auth_type: "header_injection",
          mcp_revision: "2025-11-25",
        },
        { name: "unstable", transport: "streamable-http", auth_type: "unauthenticated" },
      ],
      healthy: true,
      version: expect.any(String),
      group_ref: expect.any(String),
    });
    const report = await (await fetch(`${gateway.url}/api/backends/health`)).json();
    expect(report).toMatchObject({
      monitoring_enabled: true,
      summary: { Total: 2, Unhealthy: 0, Unknown: 0, Unauthenticated: 0 },
      backends: {
        stable: {
          Status: "healthy",
          ConsecutiveFailures: 0,
          LastCheckTime: expect.stringMatching(/^\d{4}-.*Z$/),
          LastErrorCategory: "",
          LastTransitionTime: expect.stringMatching(/^\d{4}-.*Z$/),
          CircuitState: "closed",
          CircuitLastChanged: "0001-01-01T00:00:00Z",
          MCPRevision: "2025-11-25",
        },
      },
    });
    for (const path of ["/status", "/api/backends/health"]) {
      expect((await fetch(gateway.url + path, { method: "POST" })).status).toBe(405);
    }
  });

  it("agree about every backend at every moment of an outage", async () => {
    const { unstable, gateway } = await scene.pair({ CIRCUIT_FAILURE_THRESHOLD: "4", CIRCUIT_TIMEOUT: "200ms" });
    const compare = async () => {
      // Two requests, so a change may fall between them: the first is read again after the second.
      const [before, status, after] = [
        await backendHealth(gateway),
        await statusOf(gateway),
        await backendHealth(gateway),
      ];
      for (const { name, health } of status.backends) {
        expect([before[name]?.Status, after[name]?.Status]).toContain(health);
      }
      return after;
    };
    await unstable.down();
    await eventually(compare, ({ unstable: health }) => health?.CircuitState === "open");
    await unstable.up();
    await eventually(compare, ({ unstable: health }) => health?.Status === "healthy");
  });

  it("say that nothing is monitored when the protection is off, and count no backend as healthy or not", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support }, { ...monitored, PROTECTIONS_OFF: "health-monitor" });
    const report = (await (await fetch(`${gateway.url}/api/backends/health`)).json()) as object;
    expect(report).toMatchObject({ monitoring_enabled: false, summary: { Total: 1, Unknown: 1 } });
    expect((await statusOf(gateway)).healthy).toBe(false);
  });
});

describe("statuses", () => {
  it("unauthenticated: the backend refuses the gateway's credentials", async () => {
    const { unstable, gateway } = await scene.pair();
    unstable.intercept = (_request, response) => {
      response.writeHead(401).end();
      return true;
    };
    const seen = await becomes(gateway, "unstable", ({ Status }) => Status === "unauthenticated");
    expect(seen.unstable?.LastErrorCategory).toBe("authentication_failed");
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["fetch"]);
  });

  it("degraded: slow, and still offered; no client makes it list its tools again", async () => {
    const { unstable, gateway } = await scene.pair({
      DEGRADED_AFTER: "300ms",
      HEALTH_TIMEOUT: "1m",
      // The slow list describes the tool otherwise.
      PROTECTIONS_OFF: "definition-pinning",
    });
    unstable.intercept = (_request, response, body) => {
      if (!body.includes('"tools/list"')) return false;
      const { id } = JSON.parse(body) as { id: string };
      const result = { tools: [{ name: "echo", inputSchema: { type: "object" } }] };
      const text = JSON.stringify({ jsonrpc: "2.0", id, result });
      setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(text), 600);
      return true;
    };
    await becomes(gateway, "unstable", ({ Status }) => Status === "degraded");
    let lists = 0;
    unstable.intercept = (_request, _response, body) => {
      if (body.includes('"tools/list"')) lists += 1;
      return true;
    };
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["fetch", "echo"]);
    // The monitor's, of which one is under way at most.
    expect(lists).toBeLessThanOrEqual(1);
  });
});
