/** Held data keeps its order: no later data overtakes it or is lost. */
import { expect, test } from "vitest";
import { readReply } from "../testing/http-peers.ts";
import { openProxy, openServer, type ProxyUnderTest } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const get = "GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n";
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const hold = { name: "hold", type: "http_delay", attributes: { delay: 60_000 } };

/** A server that answers its first bytes with this text, and sends nothing more. */
async function openBehind(reply: string, ends = false): Promise<{ proxy: ProxyUnderTest; received: () => string }> {
  let received = "";
  const port = await openServer((socket) => {
    socket.once("data", () => void (ends ? socket.end(reply) : socket.write(reply)));
    socket.on("data", (chunk: Buffer) => (received += chunk));
    socket.on("end", () => socket.end());
  });
  return { proxy: await openProxy(port), received: () => received };
}

const hits = (proxy: ProxyUnderTest, count: number) => expect.poll(() => proxy.hits()).toHaveLength(count);

test("the proxy's own answer waits for a delay, then the connection ends as the client requested", async () => {
  const { proxy, received } = await openBehind(ok);
  await proxy.arm({ name: "refuse", type: "http_status", attributes: { status: 503 } });
  await proxy.arm({ ...hold, match: { first: 1 } });
  await proxy.disarm("refuse");
  await proxy.arm({ name: "refuse", type: "http_status", attributes: { status: 503 } });
  const client = await RawClient.open(proxy.port);
  client.write(get.replace("Host", "Connection: Keep-Alive, Close\r\nHost"));
  await hits(proxy, 2);
  expect(client.text).toBe("");
  await proxy.disarm("hold");
  await client.ended();
  expect(await readReply(client.received, true)).toMatchObject({
    status: 503,
    isComplete: true,
    headers: { connection: "close" },
  });
  expect(received()).toBe("");
});

test("an answer to a client that waits for 100 Continue ends the connection, since a body could follow", async () => {
  const { proxy } = await openBehind(ok);
  await proxy.arm({ name: "refuse", type: "http_status", attributes: { status: 503 } });
  const client = await RawClient.open(proxy.port);
  client.write("POST /mcp HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  await client.ended();
  expect(await readReply(client.received, true)).toMatchObject({ status: 503, headers: { connection: "close" } });
});

test("the server's data after a held reply arrives after it", async () => {
  const timeout = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const { proxy } = await openBehind(ok + timeout, true);
  await proxy.arm(hold);
  const client = await RawClient.open(proxy.port);
  client.write(get);
  await hits(proxy, 1);
  await proxy.disarm("hold");
  await client.ended();
  expect(client.text).toBe(ok + timeout);
});

test("requests sent while a reply is held reach the server, the last one incomplete, followed by the end", async () => {
  const { proxy, received } = await openBehind(ok);
  await proxy.arm(hold);
  const client = await RawClient.open(proxy.port);
  const torn = "POST /mcp HTTP/1.1\r\nContent-Le";
  client.socket.end(get + torn);
  await hits(proxy, 1);
  await proxy.disarm("hold");
  await client.ended();
  expect([client.text, received()]).toEqual([ok, get + torn]);
});

test.each([
  { type: "http_delay", attributes: { delay: 5 } },
  { type: "stream_duplicated", attributes: { after_events: 9 } },
  { type: "tools_changed", attributes: { remove: ["x"] } },
])("$type: of a reply that the server cuts off, the client receives the sent part and the end", async (toxic) => {
  const isWhole = toxic.type === "tools_changed";
  const type = isWhole ? "application/json" : "text/event-stream";
  const reply = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: one\r\n`;
  const { proxy } = await openBehind(reply, true);
  await proxy.arm(toxic);
  const client = await RawClient.open(proxy.port);
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
  const head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
  client.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await client.ended();
  expect(client.text).toBe(reply);
});
