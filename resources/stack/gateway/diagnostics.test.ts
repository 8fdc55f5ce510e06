import { expect, it } from "vitest";
import { setBackendScene } from "./testing/backend-scene.ts";
import { eventually, type TestGateway } from "./testing/lab.ts";
import { RawClient } from "./testing/raw-client.ts";

const scene = setBackendScene();

async function launch(variables: Record<string, string>): Promise<TestGateway> {
  return scene.gateway({ one: await scene.backend("echo") }, variables);
}

/** Clients that open a session and, once it is there, its stream, and go without ending either. */
async function abandon(gateway: TestGateway, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const leaving = new AbortController();
    const client = await RawClient.open(gateway.mcpUrl);
    await client.get({}, leaving.signal);
    leaving.abort();
  }
}

const diagnosticsOf = async (gateway: TestGateway) => (await gateway.health()).diagnostics;

it("reports what the process holds under the names of Trinity's agent server", async () => {
  const gateway = await launch({ HISTORY_LIMIT: "3" });
  const client = await RawClient.open(gateway.mcpUrl);
  for (const _ of "12345") await client.call("echo");
  const diagnostics = await diagnosticsOf(gateway);
  expect(diagnostics).toMatchObject({
    running_executions: 0,
    conversation_history_size: 3,
    conversation_history_limit: 3,
    conversation_history_dropped: 2,
    sessions: 1,
    eventLoop: { p99Ms: expect.any(Number), maxMs: expect.any(Number), utilization: expect.any(Number) },
    handles: { TCPServerWrap: expect.any(Number) },
  });
  for (const name of ["asyncio_task_count", "heapUsedBytes", "activeHandles"]) {
    expect(diagnostics[name]).toBeGreaterThanOrEqual(1);
  }
});

it("ends the session of a client that has left, and not one whose client is there", async () => {
  const gateway = await launch({ SESSION_ABANDONED_AFTER: "50ms" });
  const present = await RawClient.open(gateway.mcpUrl);
  const staying = new AbortController();
  await present.get({}, staying.signal);
  await abandon(gateway, 3);
  const { sessions } = await eventually(
    () => diagnosticsOf(gateway),
    ({ sessions_abandoned: abandoned }) => abandoned === 3,
  );
  expect(sessions).toBe(1);
  expect((await present.call("echo")).message.error).toBeUndefined();
  staying.abort();
});

it("ends the least recently used session at the limit, and counts it", async () => {
  const gateway = await launch({ SESSION_LIMIT: "3" });
  const clients = [];
  for (let n = 0; n < 5; n += 1) clients.push(await RawClient.open(gateway.mcpUrl));
  expect(await diagnosticsOf(gateway)).toMatchObject({ sessions: 3, sessions_evicted: 2 });
  expect((await clients[0]?.call("echo"))?.status).toBe(404);
  expect((await clients[4]?.call("echo"))?.status).toBe(200);
});

it("keeps every session while session-bounds is off", async () => {
  const bounds = { SESSION_LIMIT: "3", SESSION_TTL: "1ms", SESSION_ABANDONED_AFTER: "1ms" };
  const gateway = await launch({ ...bounds, PROTECTIONS_OFF: "session-bounds" });
  await abandon(gateway, 5);
  expect(await diagnosticsOf(gateway)).toMatchObject({ sessions: 5, sessions_evicted: 0, sessions_abandoned: 0 });
});
