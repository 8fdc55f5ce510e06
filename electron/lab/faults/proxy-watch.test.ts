import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import type { EventOf, LabEvent } from "../../model/lab-event.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send, toolCall } from "../../testing/through-link.ts";
import { systemClock } from "../clock.ts";
import { LabError } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { HitLogger } from "./hit-logger.ts";
import { ProxyWatch } from "./proxy-watch.ts";

const folder = lastingFolder();
let stack: SmallStack;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
});
afterAll(() => stack.close());

const never = new AbortController().signal;
const hitsIn = (events: readonly LabEvent[]) =>
  events.filter((event): event is EventOf<"fault.hit"> => event.type === "fault.hit");
const warningsIn = (events: readonly LabEvent[]) =>
  events.filter((event): event is EventOf<"warning"> => event.type === "warning").map(({ code }) => code);

async function watching() {
  const { injector, log, events } = stack.injector();
  const ours = () => injector.inForce().map(({ id }) => id);
  const watch = await ProxyWatch.start({
    stack: stack.running,
    log,
    clock: systemClock,
    hits: new HitLogger(log, (fault) => ours().includes(fault)),
    isToBeRevived: (service) => !injector.inForce().some(({ target }) => target === service),
  });
  if (watch === undefined) throw new Error("the stack has a fault proxy");
  onTestFinished(() => watch.close());
  return { injector, log, events, watch };
}

describe("following the fault proxy through a run", () => {
  test("logs each request that met a fault of the run, by tool and trace, and none of another run", async () => {
    const { injector, events, watch } = await watching();
    await injector.apply({ http_status: LINK, status: 503, match: { tool: "a" } }, never);
    const other = stack.injector().injector;
    await other.apply({ http_delay: LINK, by: 1 }, never);
    await send(stack.linkUrl, toolCall("a"));
    await send(stack.linkUrl, toolCall("b"));
    await watch.read();
    expect(hitsIn(events)).toMatchObject([{ link: LINK, method: "tools/call", tool: "a" }]);
    await injector.undo("all", never);
    await other.undo("all", never);
  });

  test("logs a request once, however many reads run at once", async () => {
    const { injector, events, watch } = await watching();
    await injector.apply({ http_status: LINK, status: 503 }, never);
    for (let sent = 0; sent < 5; sent++) await send(stack.linkUrl, toolCall("a"));
    await Promise.all(Array.from({ length: 10 }, () => watch.read()));
    expect(hitsIn(events)).toHaveLength(5);
    await injector.undo("all", never);
  });

  test("restarts a proxy that has died, without toxics, and logs for how long every link was down", async () => {
    const { injector, events } = await watching();
    await injector.apply({ http_status: LINK, status: 503 }, never);
    await stack.running.driver.kill("fault-proxy");
    await expect.poll(() => warningsIn(events)).toEqual(["proxy-revived"]);
    const [warning] = events.filter((event): event is EventOf<"warning"> => event.type === "warning");
    expect(warning?.message).toMatch(/every link was down for [\d.]+ (ms|s), and passes everything again/);
    expect((await send(stack.linkUrl)).status).toBe(200);
    expect(await injector.undo("all", never)).toEqual({ undone: 1, residue: [] });
  });

  test.each(["dead", "not up yet"])("is no residue when its fault is undone while the new one is %s", async (found) => {
    const { injector } = stack.injector();
    await injector.apply({ http_status: LINK, status: 503 }, never);
    await stack.running.driver.kill("fault-proxy");
    if (found === "not up yet") await stack.running.driver.start("fault-proxy");
    expect(await injector.undo("all", never)).toEqual({ undone: 1, residue: [] });
    expect((await send(stack.linkUrl)).status).toBe(200);
  });

  test("logs the hits of the new proxy, whose sequence numbers start over", async () => {
    const { injector, events } = await watching();
    await stack.running.driver.kill("fault-proxy");
    await expect.poll(() => warningsIn(events)).toEqual(["proxy-revived"]);
    await injector.apply({ http_status: LINK, status: 503 }, never);
    await send(stack.linkUrl, toolCall("a"));
    await expect.poll(() => hitsIn(events)).toHaveLength(1);
    await injector.undo("all", never);
  });

  test("continues when neither the proxy nor its engine answers, as while the engine is restarted", async () => {
    const { events, watch } = await watching();
    const stateOf = vi.spyOn(stack.running.driver, "stateOf");
    onTestFinished(() => stateOf.mockRestore());
    stateOf.mockRejectedValue(new LabError("unreachable", "the Docker engine does not answer"));
    await stack.running.driver.kill("fault-proxy");
    expect(await watch.read()).toBe(false);
    stateOf.mockRestore();
    await expect.poll(() => warningsIn(events)).toEqual(["proxy-revived"]);
  });

  test("does not restart a proxy that the run itself has broken", async () => {
    const { injector, events, watch } = await watching();
    await injector.apply({ kill: "fault-proxy" }, never);
    await watch.read();
    await watch.read();
    expect((await stack.running.driver.stateOf("fault-proxy")).is).toBe("stopped");
    await injector.undo("all", never);
    expect(warningsIn(events)).toEqual([]);
  });
});

describe("a proxy that reports very many hits", () => {
  test("has the first ones logged as events, and is followed further", async () => {
    const { server, hits } = await proxyWithHits();
    const { log, events } = stack.injector();
    const running = { ...proxyOnly, address: () => `127.0.0.1:${(server.address() as AddressInfo).port}` };
    const parts = { log, clock: systemClock, hits: new HitLogger(log, () => true), isToBeRevived: () => true };
    const watch = await ProxyWatch.start({ ...parts, stack: running as unknown as RunningStack });
    onTestFinished(() => watch?.close());
    for (let seq = 1; seq <= 1_000; seq++) hits.push({ seq, at: 0, link: LINK, toxic: "f", effect: "late" });
    await expect.poll(() => hitsIn(events).length).toBe(200);
    hits.push({ seq: 1_001, at: 0, link: LINK, toxic: "another", effect: "late" });
    await expect.poll(() => hitsIn(events).at(-1)?.fault).toBe("another");
    expect(hitsIn(events)).toHaveLength(201);
  });
});

const proxyOnly = {
  stack: { services: [{ name: "fault-proxy", role: "fault-proxy" }] },
  driver: { stateOf: async () => ({ is: "running" }) },
};

interface ReportedHit {
  seq: number;
  at: number;
  link: string;
  toxic: string;
  effect: string;
}

async function proxyWithHits(): Promise<{ server: Server; hits: ReportedHit[] }> {
  const hits: ReportedHit[] = [];
  const server = createServer((request, response) => {
    const since = Number(new URL(request.url ?? "", "http://x").searchParams.get("since"));
    const page = hits.filter(({ seq }) => seq > since).slice(0, 500);
    response.setHeader("content-type", "application/json").end(JSON.stringify({ hits: page }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, hits };
}

test("a stack without a fault proxy is not followed", async () => {
  const { log } = stack.injector();
  const running = { stack: { services: [] } } as unknown as RunningStack;
  const parts = { log, clock: systemClock, hits: new HitLogger(log, () => true), isToBeRevived: () => true };
  expect(await ProxyWatch.start({ ...parts, stack: running })).toBeUndefined();
});
