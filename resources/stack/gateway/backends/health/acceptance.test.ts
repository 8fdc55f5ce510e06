import { describe, expect, it } from "vitest";
import {
  backendHealth,
  becomes,
  isOpen,
  isUnhealthy,
  isUp,
  setBackendScene,
  statusOf,
  toolsOf,
} from "../../testing/backend-scene.ts";
import { eventually } from "../../testing/lab.ts";
import { RawClient } from "../../testing/raw-client.ts";

const scene = setBackendScene();

/** The acceptance tests of ToolHive's vMCP for the circuit breaker, under its names. */
describe("VirtualMCPServer Circuit Breaker", () => {
  const breaker = { CIRCUIT_FAILURE_THRESHOLD: "3", UNHEALTHY_THRESHOLD: "2", CIRCUIT_TIMEOUT: "200ms" };

  it("should configure circuit breaker from VirtualMCPServer spec", async () => {
    const { gateway } = await scene.pair({ ...breaker, PROTECTIONS_OFF: "circuit-breaker" });
    expect((await gateway.health()).status).toBe("ok");
    const enabled = await scene.pair(breaker);
    await enabled.unstable.down();
    await becomes(enabled.gateway, "unstable", isOpen);
  });

  it("should discover backends with healthy status initially", async () => {
    const { gateway } = await scene.pair(breaker);
    const { backends } = await statusOf(gateway);
    expect(backends).toHaveLength(2);
    for (const { health } of backends) expect(["healthy", "degraded", "unknown"]).toContain(health);
  });

  it("should open circuit breaker when backend fails repeatedly", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    await unstable.down();
    const { unstable: seen } = await becomes(gateway, "unstable", isOpen);
    expect(seen?.Status).toBe("unhealthy");
  });

  it("should report consistent health state in /status and /api/backends/health", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
    const [health, { backends }] = [await backendHealth(gateway), await statusOf(gateway)];
    for (const each of backends.filter(({ name }) => name === "unstable")) {
      expect([each.health, health[each.name]?.Status]).toEqual(["unhealthy", "unhealthy"]);
    }
  });

  it("should close circuit breaker when backend recovers", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    await unstable.down();
    await becomes(gateway, "unstable", isOpen);
    await unstable.up();
    await becomes(gateway, "unstable", (seen) => seen.CircuitState === "closed" && isUp(seen));
  });

  it("should track circuit breaker state per backend independently", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    await unstable.down();
    const { stable } = await becomes(gateway, "unstable", isOpen);
    expect(stable).toMatchObject({ CircuitState: "closed" });
    expect(["healthy", "degraded"]).toContain(stable?.Status);
  });
});

/** Those for sessions, without the optimizer. */
describe("VirtualMCPServer sessions and the circuit breaker", () => {
  const breaker = { CIRCUIT_FAILURE_THRESHOLD: "3", UNHEALTHY_THRESHOLD: "2", CIRCUIT_TIMEOUT: "200ms" };

  it("should find tools from all healthy backends", async () => {
    const { gateway } = await scene.pair(breaker);
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["fetch", "echo"]);
  });

  it("should exclude unhealthy backend tools after circuit breaker opens", async () => {
    const { unstable, gateway } = await scene.pair({ ...breaker, CIRCUIT_TIMEOUT: "1m" });
    await unstable.down();
    await becomes(gateway, "unstable", isOpen);
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["fetch"]);
  });

  it("should restore backend tools after circuit breaker recovers", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    await unstable.down();
    await becomes(gateway, "unstable", isOpen);
    await unstable.up();
    await becomes(gateway, "unstable", (seen) => seen.CircuitState === "closed" && isUp(seen));
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["fetch", "echo"]);
  });

  it("should not affect stable backend throughout circuit breaker lifecycle", async () => {
    const { stable, unstable, gateway } = await scene.pair(breaker);
    const client = await RawClient.open(gateway.mcpUrl);
    const failed: unknown[] = [];
    let calls = 0;
    const callStable = async () => {
      const { message } = await client.call("fetch");
      calls += 1;
      if (message.error) failed.push(message.error);
      return (await backendHealth(gateway)).unstable;
    };
    await unstable.down();
    await eventually(callStable, (seen) => seen?.CircuitState === "open");
    await unstable.up();
    await eventually(callStable, (seen) => seen?.CircuitState === "closed" && isUp(seen));
    expect([failed, stable.calls.length]).toEqual([[], calls]);
    expect(gateway.log.join("\n")).not.toMatch(/backend stable: circuit/);
  });
});
