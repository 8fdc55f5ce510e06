/** A removed toxic has no further effect, also on exchanges in progress. */
import type { ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { readLink } from "../api/link-body.ts";
import { readToxic } from "../api/toxic-body.ts";
import { Registry } from "../registry.ts";
import { openProxy, openServer, type ProxyUnderTest } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";
import { openHttpServer } from "../testing/sse-server.ts";

const get = "GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
const event = (at: number): string => `data: {"at":${at}}\n\n`;

interface Bench {
  proxy: ProxyUnderTest;
  client: RawClient;
  /** The reply, once the request has reached the server. */
  reply: () => Promise<ServerResponse>;
}

async function open(): Promise<Bench> {
  let response: ServerResponse | undefined;
  const server = await openHttpServer((_request, given) => {
    response = given;
  });
  const proxy = await openProxy(server.port);
  const client = await RawClient.open(proxy.port);
  const reply = async (): Promise<ServerResponse> => {
    await expect.poll(() => response).toBeDefined();
    if (!response) throw new Error("no request came");
    return response.setHeader("content-type", "text/event-stream");
  };
  return { proxy, client, reply };
}

test.each([
  { type: "reply_lost" },
  { type: "http_delay", attributes: { delay: 60_000 } },
  { type: "stream_stalled" },
  { type: "stream_cut" },
  { type: "malformed" },
])("$type, removed before the reply came", async (toxic) => {
  const { proxy, client, reply } = await open();
  await proxy.arm({ name: "fault", ...toxic });
  client.write(get);
  const response = await reply();
  await proxy.disarm("fault");
  response.end(event(1) + event(2));
  await client.receives('"at":2');
  expect(await proxy.hits()).toEqual([]);
});

test.each([
  { type: "stream_cut", attributes: { after_events: 2 } },
  { type: "stream_stalled", attributes: { after_events: 2 } },
  { type: "stream_duplicated", attributes: { after_events: 2 } },
  { type: "truncated", attributes: { bytes: 40 } },
])("$type, removed in the middle of the stream before it acted", async (toxic) => {
  const { proxy, client, reply } = await open();
  await proxy.arm({ name: "fault", ...toxic });
  client.write(get);
  const response = await reply();
  response.write(event(1));
  await client.receives('"at":1');
  await proxy.disarm("fault");
  response.end(event(2) + event(3));
  await client.receives("0\r\n\r\n");
  expect([...client.text.matchAll(/"at":(\d)/g)].map((match) => match[1])).toEqual(["1", "2", "3"]);
});

test("an answer that waits for a delay is not sent if its toxic is removed meanwhile", async () => {
  const { proxy, client, reply } = await open();
  await proxy.arm({ name: "slow", type: "http_delay", attributes: { delay: 60_000, side: "request" } });
  await proxy.arm({ name: "broken", type: "http_status", attributes: { status: 503 } });
  client.write(get);
  await expect.poll(async () => (await proxy.hits()).length).toBe(1);
  await proxy.disarm("broken");
  await proxy.disarm("slow");
  (await reply()).end(event(1));
  await client.receives('"at":1');
});

test("http_delay, removed while it holds a half-closed client's request: the end reaches the upstream too", async () => {
  let hasEnded = false;
  const upstream = await openServer((socket) => {
    socket.once("data", () => socket.write("HTTP/1.1 204 No Content\r\n\r\n"));
    socket.on("end", () => {
      hasEnded = true;
      socket.end();
    });
  });
  const proxy = await openProxy(upstream);
  await proxy.arm({ name: "fault", type: "http_delay", attributes: { delay: 60_000, side: "request" } });
  const client = await RawClient.open(proxy.port);
  client.socket.end(get);
  await expect.poll(() => proxy.hits()).toHaveLength(1);
  await proxy.disarm("fault");
  await client.ended();
  expect(hasEnded).toBe(true);
  expect(client.text).toContain("204");
});

test("a connection does not accumulate listeners over many faults", async () => {
  const server = await openHttpServer((_request, response) => void response.end("ok"));
  const registry = new Registry(1);
  onTestFinished(() => registry.close());
  const upstream = `127.0.0.1:${server.port}`;
  const link = await registry.createLink(readLink({ name: "link", listen: "127.0.0.1:0", upstream }));
  const client = await RawClient.open(Number(link.listen.split(":").at(-1)));
  let replies = 0;
  const ask = async (): Promise<void> => {
    client.write(get);
    replies += 1;
    await client.until(() => client.text.split("\r\n\r\nok").length > replies);
  };
  const listeners = (): number[] => {
    const sockets = [...link.connections()].flatMap((connection) => [connection.client, connection.server]);
    return sockets.flatMap((socket) => socket.eventNames().map((name) => socket.listenerCount(name)));
  };
  await ask();
  const before = listeners();
  // Faults that replace, corrupt or lose a reply, or end the connection, leave nothing to continue.
  const passing: Record<string, unknown>[] = [
    { type: "latency", attributes: { latency: 1 } },
    { type: "bandwidth", attributes: { rate: 1_000 } },
    { type: "slicer", attributes: { average_size: 8 } },
    { type: "slow_close", attributes: { delay: 1 } },
    { type: "http_delay", attributes: { delay: 1 } },
    { type: "http_delay", attributes: { delay: 1, side: "request" } },
    { type: "stream_split", attributes: { delay: 1 } },
    { type: "session_rotated" },
    { type: "tools_changed", attributes: { remove: ["x"] } },
  ];
  for (const toxic of passing) {
    await registry.addToxic("link", () => readToxic({ name: "fault", ...toxic }));
    await ask();
    await registry.removeToxic("link", "fault");
    await ask();
  }
  expect(listeners()).toEqual(before);
});
