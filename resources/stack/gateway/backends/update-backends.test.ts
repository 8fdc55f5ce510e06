import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import {
  backendHealth,
  becomes,
  isUp,
  monitored,
  setBackendScene,
  statusOf,
  toolsOf,
} from "../testing/backend-scene.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient, readUntil } from "../testing/raw-client.ts";

const scene = setBackendScene();

const named = (backends: Record<string, { url: string }>) =>
  Object.entries(backends)
    .map(([name, { url }]) => `${name}=${url}`)
    .join(",");

describe("UpdateBackends", () => {
  it("UpdateBackends: a backend that is added is monitored and offered, also to a session from before, which is told", async () => {
    const { stable, unstable, gateway } = await scene.pair();
    const client = await RawClient.open(gateway.mcpUrl);
    const stream = await client.get();
    const third = await scene.backend("reply");
    gateway.update({ BACKENDS: named({ stable, unstable, third }) });
    await readUntil(stream, (text) => text.includes("notifications/tools/list_changed"));
    expect(await toolsOf(client)).toEqual(["fetch", "echo", "reply"]);
    expect((await client.call("reply")).message.result).toMatchObject({ content: [{ text: "{}" }] });
    await becomes(gateway, "third", isUp);
  });

  it("UpdateBackends: one that is removed is forgotten, and nothing changes for the others", async () => {
    const { stable, unstable, gateway } = await scene.pair();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.call("fetch");
    await eventually(
      () => backendHealth(gateway),
      ({ stable: health }) => health?.Status === "healthy",
    );
    const before = (await backendHealth(gateway)).stable;
    // In the middle of a probe, which fails for that: no other follows.
    const probes = { stable: 0, unstable: 0 };
    const probe = Promise.withResolvers<ServerResponse>();
    unstable.intercept = (_request, response, body) => {
      if (!body.includes("tools/list")) return false;
      probes.unstable += 1;
      probe.resolve(response);
      return true;
    };
    const answer = await probe.promise;
    gateway.update({ BACKENDS: named({ stable }) });
    answer.writeHead(503).end();
    expect(await toolsOf(client)).toEqual(["fetch"]);
    expect((await client.call("echo")).message.error?.message).toContain("Unknown tool");
    expect(Object.keys(await backendHealth(gateway))).toEqual(["stable"]);
    expect((await statusOf(gateway)).backends.map(({ name }) => name)).toEqual(["stable"]);
    expect((await gateway.health()).reasons).toEqual([]);
    await client.call("fetch");
    expect(new Set(stable.calls.map(({ session }) => session)).size).toBe(1);
    expect((await backendHealth(gateway)).stable).toMatchObject({
      Status: "healthy",
      LastTransitionTime: before?.LastTransitionTime,
    });
    // The other, whose interval is the same, is probed on and on.
    stable.intercept = (_request, _response, body) => {
      if (body.includes("tools/list")) probes.stable += 1;
      return false;
    };
    await eventually(
      () => probes.stable,
      (count) => count > 3,
    );
    expect(probes.unstable).toBe(1);
  });

  it("UpdateBackends: a call in progress at one that is removed ends with its result, and then the sessions there", async () => {
    const { stable, unstable, gateway } = await scene.pair({ UPSTREAM_DEADLINE: "1s" });
    const client = await RawClient.open(gateway.mcpUrl);
    const call = client.call("echo", { delayMs: 200 });
    await eventually(
      () => unstable.calls.length,
      (count) => count === 1,
    );
    gateway.update({ BACKENDS: named({ stable }) });
    expect((await call).message.result).toMatchObject({ content: [{ text: '{"delayMs":200}' }] });
    await eventually(unstable.sessions, (count) => count === 0);
    expect(stable.sessions()).toBeGreaterThan(0);
  });

  it("UpdateBackendsPropertyChange: one with another address starts over there, and the first is not called any more", async () => {
    const { stable, unstable, gateway } = await scene.pair();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.call("echo");
    const moved = await scene.backend("echo", "shout");
    gateway.update({ BACKENDS: named({ stable, unstable: moved }) });
    await becomes(gateway, "unstable", isUp);
    expect(await toolsOf(client)).toEqual(["fetch", "echo", "shout"]);
    await client.call("echo");
    expect([unstable.calls.length, moved.calls.length]).toEqual([1, 1]);
  });

  it("resolves names by what is configured then", async () => {
    const [first, second] = [await scene.backend("reply"), await scene.backend("reply", "ask")];
    const gateway = await scene.gateway({ first, second }, monitored);
    const client = await RawClient.open(gateway.mcpUrl);
    await eventually(
      () => toolsOf(client),
      (tools) => tools.length === 2,
    );
    gateway.update({ CONFLICTS: "prefix" });
    expect(await toolsOf(client)).toEqual(["first_reply", "second_reply", "second_ask"]);
  });
});
