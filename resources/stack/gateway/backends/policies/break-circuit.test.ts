import { describe, expect, it } from "vitest";
import { backendHealth, setBackendScene, toolsOf } from "../../testing/backend-scene.ts";
import { eventually } from "../../testing/lab.ts";
import { RawClient } from "../../testing/raw-client.ts";

const scene = setBackendScene();

async function unmonitored(variables: Record<string, string>) {
  const unstable = await scene.backend("echo");
  const gateway = await scene.gateway({ unstable }, { ...variables, PROTECTIONS_OFF: "health-monitor" });
  return { unstable, gateway };
}

describe("circuit breaker", () => {
  const breaker = {
    HEALTH_INTERVAL: "10m",
    CIRCUIT_TIMEOUT: "1m",
    CIRCUIT_MINIMUM_CALLS: "10",
    CIRCUIT_WINDOW: "1m",
  };
  const fails = (_request: unknown, response: { writeHead: (status: number) => { end: () => void } }, body: string) => {
    if (!body.includes('"tools/call"')) return false;
    response.writeHead(503).end();
    return true;
  };

  it("opens by calls alone while probes pass: then nothing is sent, and the time until the next attempt is named", async () => {
    const { unstable, gateway } = await scene.pair(breaker);
    const client = await RawClient.open(gateway.mcpUrl);
    unstable.intercept = fails;
    for (let call = 0; call < 10; call += 1) await client.call("echo");
    expect(gateway.log).toContain("backend unstable: circuit closed -> open: 10 of 10 calls failed: HTTP 503");
    unstable.intercept = undefined;
    const { error } = (await client.call("echo")).message;
    expect(error?.message).toMatch(/^upstream error: unstable: circuit breaker open: retry in \d+\.\d s$/);
    expect(error?.data).toMatchObject({ decision: "upstream_error", retryAfterMs: expect.any(Number) });
    expect(unstable.calls).toEqual([]);
    expect((await client.call("fetch")).message.result).toBeDefined();
    // What is not sent is not offered either.
    expect(await toolsOf(await RawClient.open(gateway.mcpUrl))).toEqual(["fetch"]);
  });

  it("stays closed when the protection is off, and every call goes to the backend", async () => {
    const { unstable, gateway } = await scene.pair({ ...breaker, PROTECTIONS_OFF: "circuit-breaker" });
    const client = await RawClient.open(gateway.mcpUrl);
    let sent = 0;
    unstable.intercept = (...args) => {
      if (args[2].includes('"tools/call"')) sent += 1;
      return fails(...args);
    };
    for (let call = 0; call < 12; call += 1) await client.call("echo");
    expect([sent, (await backendHealth(gateway)).unstable?.CircuitState]).toEqual([12, "closed"]);
  });

  it("is closed again by a call of a new session where no monitor probes the backend", async () => {
    const { unstable, gateway } = await unmonitored({ ...breaker, CIRCUIT_TIMEOUT: "200ms" });
    const client = await RawClient.open(gateway.mcpUrl);
    unstable.intercept = fails;
    for (let call = 0; call < 10; call += 1) await client.call("echo");
    unstable.intercept = undefined;
    const callOfNewSession = async () => (await (await RawClient.open(gateway.mcpUrl)).call("echo")).message;
    expect((await eventually(callOfNewSession, ({ result }) => result !== undefined)).result).toBeDefined();
    expect((await backendHealth(gateway)).unstable?.CircuitState).toBe("closed");
  });

  it("makes no probe while it is open, and one in half-open", async () => {
    const { unstable, gateway } = await scene.pair({ CIRCUIT_FAILURE_THRESHOLD: "2", CIRCUIT_TIMEOUT: "1s" });
    unstable.intercept = (_request, response, body) => {
      if (body.includes('"tools/list"')) gateway.log.push("a probe");
      response.writeHead(503).end();
      return true;
    };
    const lineOf = (change: string) => gateway.log.findIndex((line) => line.includes(change));
    const endOfTrial = await eventually(
      () => lineOf("half-open -> open"),
      (line) => line >= 0,
    );
    const whileOpen = gateway.log.slice(lineOf("closed -> open"), endOfTrial);
    expect(whileOpen.filter((line) => line === "a probe")).toHaveLength(1);
  });
});
