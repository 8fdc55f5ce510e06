/** Exchanges as they are read from connections: plain HTTP, what is not HTTP, and the bounds of reading. */
import { expect, test } from "vitest";
import { limits } from "../limits.ts";
import { echo, openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";
import { answerStream, openHttpServer } from "../testing/sse-server.ts";
import { listenTo } from "../testing/wire-listener.ts";
import { ConnectionTap } from "./connection-tap.ts";
import { WireTap } from "./wire-tap.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("reads every exchange of a connection, also pipelined ones, by its own status and sizes", async () => {
  const { port } = await openHttpServer(({ method, body }, response) => {
    response.writeHead(method === "POST" ? 201 : 404).end(body.toUpperCase());
  });
  const proxy = await openProxy(port);
  const wire = await listenTo(proxy);
  const client = await RawClient.open(proxy.port);
  client.write(`${get("/secret?token=t")}POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
  client.write("4\r\nbody\r\n0\r\n\r\n");
  expect(await wire.waitFor(({ http }) => http === "POST /b")).toMatchObject({
    status: 201,
    requestBytes: 4,
    replyBytes: 4,
    connection: 1,
  });
  expect(wire.ended()[0]).toMatchObject({ http: "GET /secret", status: 404, requestBytes: 0, replyBytes: 0 });
});

test("a connection that was open before is read from its next request, and no longer than someone listens", async () => {
  const { port, seen } = await openHttpServer((_request, response) => response.end("ok"));
  const proxy = await openProxy(port);
  const client = await RawClient.open(proxy.port);
  client.write(get("/unheard"));
  await client.receives("ok");
  const wire = await listenTo(proxy);
  client.write(get("/heard"));
  await wire.waitFor(({ http }) => http === "GET /heard");
  await wire.stop();
  await expect.poll(async () => (await proxy.call("GET", "/metrics")).text).toContain("fault_proxy_wire_listeners 0");
  client.write(get("/after"));
  await expect.poll(() => seen.length).toBe(3);
  expect(wire.ended().map(({ http }) => http)).toEqual(["GET /heard"]);
  const { json } = await proxy.call("GET", "/wire");
  expect(json).toMatchObject({ calls: [{ http: "GET /heard" }], dropped: 0 });
});

test("what is open is recorded when it is asked for, and once more when it ends", async () => {
  const { port } = await openHttpServer(answerStream(3, false));
  const proxy = await openProxy(port);
  const wire = await listenTo(proxy);
  const client = await RawClient.open(proxy.port);
  client.write(get("/stream"));
  await client.receives('"at":3');
  const { json } = await proxy.call("GET", "/wire");
  expect(json.calls).toMatchObject([{ http: "GET /stream", status: 200, events: 3 }]);
  expect(json.calls[0]).not.toHaveProperty("endMs");
  client.socket.destroy();
  const ended = await wire.waitFor(({ http }) => http === "GET /stream");
  expect(ended).toMatchObject({ id: json.calls[0].id, cut: "the caller closed the connection" });
});

test("a reply without a length is whole when its connection ends, and one that is cut is not", async () => {
  const replies = ["HTTP/1.1 200 OK\r\n\r\nall of it", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nless"];
  const port = await openServer((socket) => socket.once("data", () => socket.end(replies.shift() ?? "")));
  const proxy = await openProxy(port);
  const wire = await listenTo(proxy);
  for (const path of ["/whole", "/cut"]) {
    const client = await RawClient.open(proxy.port);
    client.write(get(path));
    await client.ended();
  }
  expect(await wire.waitFor(({ http }) => http === "GET /cut")).toMatchObject({
    cut: "the connection was closed",
    replyBytes: 4,
  });
  const whole = await wire.waitFor(({ http }) => http === "GET /whole");
  expect(whole).toMatchObject({ replyBytes: 9 });
  expect(whole).not.toHaveProperty("cut");
});

test.each(["\u0016\u0003\u0001\u0000", "EHLO host\r\n", `POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n${get("/")}`])(
  "%j passes unread and unchanged",
  async (bytes) => {
    const proxy = await openProxy(await openServer(echo));
    const wire = await listenTo(proxy);
    const client = await RawClient.open(proxy.port);
    client.write(bytes);
    await client.receives(bytes);
    client.write("more");
    await client.receives("more");
    expect((await proxy.call("GET", "/wire")).json).toEqual({ calls: [], next: 0, dropped: 0 });
    expect(wire.lines).toEqual([]);
  },
);

test("a listener that does not read delays no connection", async () => {
  const { port } = await openHttpServer((_request, response) => response.end("ok"));
  const proxy = await openProxy(port);
  const listener = await RawClient.open(Number(new URL(proxy.apiUrl).port));
  listener.write("GET /wire/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await listener.receives("200 OK");
  listener.socket.pause();
  const client = await RawClient.open(proxy.port);
  const path = `/${"p".repeat(8_000)}`;
  // More records than the proxy keeps for one that does not read.
  for (let at = 0; at * path.length < 8 * limits.followerBytes; at += 1) {
    client.chunks.length = 0;
    client.write(get(path));
    await client.receives("ok");
  }
});

test("at most 1,000 exchanges are open, and the others are counted as dropped", async () => {
  const tap = new WireTap();
  tap.listen([]);
  for (let at = 1; at <= limits.openWireCalls + 5; at += 1)
    new ConnectionTap(tap, "a->b", at).fromClient(Buffer.from(get("/")));
  await tap.settle();
  const page = tap.calls.since(0, 10_000);
  expect([page.entries.length, page.dropped]).toEqual([limits.openWireCalls, 5]);
  tap.close();
});

test("what piles up unread is dropped, counted, and the connection is read again from its next request", async () => {
  const tap = new WireTap();
  tap.listen([]);
  const connection = new ConnectionTap(tap, "a->b", 1);
  const large = Buffer.alloc(limits.unreadWireBytes, "x");
  connection.fromClient(Buffer.from(`POST / HTTP/1.1\r\nContent-Length: ${large.length}\r\n\r\n`));
  connection.fromClient(large);
  await tap.settle();
  connection.toClient(Buffer.from(okay));
  connection.fromClient(Buffer.from(get("/next")));
  connection.toClient(Buffer.from(okay));
  await tap.settle();
  expect(tap.calls.since(0)).toMatchObject({ entries: [{ http: "GET /next", status: 200 }], dropped: 1 });
  tap.close();
});
