import { describe, expect, it } from "vitest";
import { backendHealth, becomes, isOpen, isUnhealthy, isUp, setBackendScene } from "../../testing/backend-scene.ts";
import { RawClient } from "../../testing/raw-client.ts";

const scene = setBackendScene();
/** So long that no probe of a test is due by it. */
const rare = { HEALTH_INTERVAL: "10m", HEALTH_RECHECK: "20ms" };
const isHealthy = ({ Status }: { Status: string }) => Status === "healthy";

/** As from a load balancer that ends idle streams: what the gateway knows of the backend is by requests alone. */
const withoutStream = (
  request: { method?: string | undefined },
  response: { writeHead(status: number): { end(): unknown } },
) => {
  if (request.method !== "GET") return false;
  response.writeHead(405).end();
  return true;
};

describe("a backend whose health interval is long", () => {
  it("is found unhealthy as soon as its stream breaks", async () => {
    const { unstable, gateway } = await scene.pair(rare);
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
  });

  it("is found unhealthy after one call that it did not answer, although one call is no failure of it", async () => {
    const unstable = await scene.backend("echo");
    unstable.intercept = withoutStream;
    const gateway = await scene.gateway({ unstable }, rare);
    await becomes(gateway, "unstable", isHealthy);
    const client = await RawClient.open(gateway.mcpUrl);
    await unstable.down();
    expect((await client.call("echo")).message.error?.data?.reason).toBe("connection refused");
    await becomes(gateway, "unstable", isUnhealthy);
  });

  it("that answers its probes stays healthy, whatever its calls do", async () => {
    const { unstable, gateway } = await scene.pair(rare);
    await becomes(gateway, "unstable", isHealthy);
    let probes = 0;
    unstable.intercept = (_request, response, body) => {
      const { method } = body === "" ? { method: "" } : JSON.parse(body);
      if (method === "tools/list") probes += 1;
      if (method !== "tools/call") return false;
      response.destroy();
      return true;
    };
    const client = await RawClient.open(gateway.mcpUrl);
    for (let call = 0; call < 5; call += 1) expect((await client.call("echo")).message.error).toBeDefined();
    const { unstable: seen } = await becomes(gateway, "unstable", () => probes >= 1);
    expect(seen).toMatchObject({ Status: "healthy", ConsecutiveFailures: 0, CircuitState: "closed" });
  });

  it("is healthy again soon after it has recovered: degraded at its first probe, healthy at the next", async () => {
    const { unstable, gateway } = await scene.pair(rare);
    await unstable.down();
    await becomes(gateway, "unstable", isUnhealthy);
    await unstable.up();
    await becomes(gateway, "unstable", isHealthy);
    expect(gateway.log.join("\n")).toMatch(
      /unstable: health unhealthy -> degraded.*unstable: health degraded -> healthy/s,
    );
  });

  it("is not probed while its circuit is open, and has recovered soon after its timeout", async () => {
    const { unstable, gateway } = await scene.pair({
      ...rare,
      CIRCUIT_FAILURE_THRESHOLD: "5",
      CIRCUIT_TIMEOUT: "300ms",
    });
    await unstable.down();
    const { unstable: seen } = await becomes(gateway, "unstable", isOpen);
    expect(seen).toMatchObject({ Status: "unhealthy", ConsecutiveFailures: 5 });
    await unstable.up();
    await becomes(gateway, "unstable", (health) => isHealthy(health) && health.CircuitState === "closed");
  });
});

/** Those of the monitor with the circuit breaker, under ToolHive's names. */
describe("HealthMonitor with circuit breaker", () => {
  /** A backend that was healthy once and then fails, with the number of probes since. */
  async function failingBackend(variables: Record<string, string>) {
    const { unstable, gateway } = await scene.pair({ ...rare, ...variables });
    await becomes(gateway, "unstable", isHealthy);
    const seen = { probes: 0 };
    unstable.intercept = (request, response, body) => {
      if (request.method === "POST" && body.includes('"tools/list"')) seen.probes += 1;
      response.writeHead(503).end();
      return true;
    };
    await (await RawClient.open(gateway.mcpUrl)).call("echo");
    return { unstable, gateway, seen };
  }

  it("CircuitBreakerDisabled: goes on probing", async () => {
    const off = { HEALTH_INTERVAL: "20ms", PROTECTIONS_OFF: "circuit-breaker" };
    const { gateway } = await failingBackend(off);
    const { unstable } = await becomes(gateway, "unstable", ({ ConsecutiveFailures }) => ConsecutiveFailures > 5);
    expect(unstable).toMatchObject({ CircuitState: "closed", Status: "unhealthy" });
  });

  it("CircuitBreakerEnabled: exactly as many failed probes as its threshold, none while it is open", async () => {
    const { gateway, seen } = await failingBackend({ CIRCUIT_FAILURE_THRESHOLD: "3", CIRCUIT_TIMEOUT: "10m" });
    await becomes(gateway, "unstable", isOpen);
    await (await RawClient.open(gateway.mcpUrl)).call("echo");
    expect([(await backendHealth(gateway)).unstable?.ConsecutiveFailures, seen.probes]).toEqual([3, 3]);
  });

  it("CircuitBreakerRecovery: opens, then closes", async () => {
    const { unstable, gateway } = await failingBackend({ CIRCUIT_FAILURE_THRESHOLD: "3", CIRCUIT_TIMEOUT: "100ms" });
    await becomes(gateway, "unstable", isOpen);
    unstable.intercept = undefined;
    await becomes(gateway, "unstable", (health) => health.CircuitState === "closed" && isUp(health));
  });

  it("CircuitBreakerStatusReporting: who asks is told that the circuit is open", async () => {
    const { gateway } = await failingBackend({ CIRCUIT_FAILURE_THRESHOLD: "3", CIRCUIT_TIMEOUT: "10m" });
    await becomes(gateway, "unstable", isOpen);
    const { reasons } = (await gateway.health()) as unknown as { reasons: string[] };
    expect(reasons).toEqual([expect.stringMatching(/^backend unstable: circuit breaker open/)]);
  });
});
