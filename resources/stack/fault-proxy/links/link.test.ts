import { randomBytes } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { echo, linkName, openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const path = `/proxies/${encodeURIComponent(linkName)}`;

test("bytes pass both ways unchanged, also more than buffers hold", async () => {
  const proxy = await openProxy(await openServer(echo));
  const client = await RawClient.open(proxy.port);
  const sent = randomBytes(8 * 1024 * 1024);
  client.write(sent);
  await client.receivesBytes(sent.length);
  expect(client.received.equals(sent)).toBe(true);
});

test("a slow reader applies back-pressure to the sender", async () => {
  let server: Socket | undefined;
  const proxy = await openProxy(await openServer((socket) => (server = socket)));
  const client = await RawClient.open(proxy.port);
  client.write("hello");
  await expect.poll(() => server).toBeDefined();
  client.socket.pause();
  const chunk = Buffer.alloc(1024 * 1024);
  let written = 0;
  const isStuck = (): boolean => {
    if ((server?.writableLength ?? 0) > 4 * chunk.length) return true;
    server?.write(chunk);
    written += chunk.length;
    return false;
  };
  await expect.poll(isStuck, { interval: 5 }).toBe(true);
  client.socket.resume();
  server?.end();
  await client.ended();
  expect(client.received.length).toBe(written);
});

test("half-close is preserved: a client that ended its side receives the late reply", async () => {
  const upstream = await openServer((socket) => {
    socket.resume();
    socket.on("end", () => socket.end("late reply"));
  });
  const proxy = await openProxy(upstream);
  const client = await RawClient.open(proxy.port);
  client.socket.end("question");
  await client.ended();
  expect(client.text).toBe("late reply");
});

test("the upstream's end reaches the client, which may still send", async () => {
  let received = "";
  const upstream = await openServer((socket) => {
    socket.end("bye");
    socket.on("data", (chunk: Buffer) => (received += chunk));
  });
  const proxy = await openProxy(upstream);
  const client = await RawClient.open(proxy.port);
  await client.ended();
  client.write("still here");
  await expect.poll(() => received).toBe("still here");
});

test("a reset of one side resets the other", async () => {
  const upstream = await openServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const proxy = await openProxy(upstream);
  const client = await RawClient.open(proxy.port);
  client.write("x");
  await client.closed();
  expect(client.error?.code).toBe("ECONNRESET");
});

test("with a dead upstream the client is accepted and then closed with a FIN, also when it has sent something", async () => {
  const proxy = await openProxy(1);
  const client = await RawClient.open(proxy.port);
  client.write("anyone?");
  await client.ended();
  expect(client.error).toBeUndefined();
  expect(client.hasEnded).toBe(true);
});

test("down: live connections are closed and new ones refused, until it is enabled again on the same port", async () => {
  const proxy = await openProxy(await openServer(echo));
  const client = await RawClient.open(proxy.port);
  client.write("x");
  await client.receives("x");
  await proxy.call("POST", path, { enabled: false });
  await client.ended();
  await expect(RawClient.open(proxy.port)).rejects.toThrow("ECONNREFUSED");
  await proxy.call("POST", path, { enabled: true });
  const again = await RawClient.open(proxy.port);
  again.write("y");
  await again.receives("y");
});

test("a temporary down ends by itself", async () => {
  const proxy = await openProxy(await openServer(echo));
  const down = await proxy.call("POST", path, { enabled: false, disabled_for_ms: 30 });
  expect(down.json).toMatchObject({ enabled: false, enabled_at: expect.any(Number) });
  await expect.poll(async () => (await proxy.call("GET", path)).json.enabled).toBe(true);
  const client = await RawClient.open(proxy.port);
  client.write("x");
  await client.receives("x");
});

describe("a refused change", () => {
  const refused = [
    ["an address in use", (taken: number) => ({ listen: `127.0.0.1:${taken}`, upstream: "elsewhere:1" })],
    ["an address beyond this machine", () => ({ listen: "203.0.113.1:80" })],
    ["an unknown host", () => ({ listen: "no.such.host.invalid:80" })],
  ] as const;

  test.each(refused)("keeps a link open, on the same port: %s", async (_what, change) => {
    const taken = await openServer(echo);
    const proxy = await openProxy(await openServer(echo));
    const before = (await proxy.call("GET", path)).json;
    expect((await proxy.call("POST", path, change(taken))).status).toBe(500);
    expect((await proxy.call("GET", path)).json).toEqual(before);
    const client = await RawClient.open(proxy.port);
    client.write("x");
    await client.receives("x");
  });

  test.each(refused)("keeps a closed link closed, to be reopened on the same port: %s", async (_what, change) => {
    const taken = await openServer(echo);
    const proxy = await openProxy(await openServer(echo));
    await proxy.call("POST", path, { enabled: false });
    const before = (await proxy.call("GET", path)).json;
    expect((await proxy.call("POST", path, { ...change(taken), enabled: true })).status).toBe(500);
    expect((await proxy.call("GET", path)).json).toEqual(before);
    expect((await proxy.call("POST", path, { enabled: true })).json.listen).toBe(before.listen);
  });

  test("does not cancel the reopening of a link that is down temporarily", async () => {
    const taken = await openServer(echo);
    const proxy = await openProxy(await openServer(echo));
    await proxy.call("POST", path, { enabled: false, disabled_for_ms: 60_000 });
    const change = { listen: `127.0.0.1:${taken}`, enabled: true };
    expect((await proxy.call("POST", path, change)).status).toBe(500);
    await expect.poll(async () => (await proxy.call("GET", path)).json).toMatchObject({ enabled: true });
    expect((await proxy.call("GET", path)).json.listen).toBe(`127.0.0.1:${proxy.port}`);
  });
});

test.each([
  ["by itself", () => {}],
  ["after a failed request to open it", (open: () => Promise<number>) => expect(open()).resolves.toBe(500)],
])("a link whose port was taken while it was down reopens once the port is free: %s", async (_how, ask) => {
  const problems = vi.spyOn(console, "error").mockReturnValue();
  onTestFinished(() => problems.mockRestore());
  const proxy = await openProxy(await openServer(echo));
  await proxy.call("POST", path, { enabled: false });
  const other = createServer();
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => other.listen(proxy.port, "127.0.0.1", resolve));
  await proxy.call("POST", path, { enabled: false, disabled_for_ms: 1 });
  await expect.poll(() => problems.mock.calls.flat().join()).toMatch(/cannot reopen yet: .*already in use/);
  await ask(async () => (await proxy.call("POST", path, { enabled: true })).status);
  await new Promise((resolve) => other.close(resolve));
  const isOpen = async () => (await proxy.call("GET", path)).json.enabled;
  await expect.poll(isOpen).toBe(true);
});

test("bytes are counted while a connection is open, and kept afterwards", async () => {
  const proxy = await openProxy(await openServer(echo));
  const received = async (direction: string): Promise<number> => {
    const metrics = (await proxy.call("GET", "/metrics")).text;
    const line = metrics.match(
      new RegExp(`^toxiproxy_proxy_received_bytes_total\\{direction="${direction}".*\\} (\\d+)$`, "m"),
    );
    return Number(line?.[1]);
  };
  const client = await RawClient.open(proxy.port);
  client.write("12345");
  await client.receives("12345");
  expect(await received("upstream")).toBe(5);
  expect((await proxy.call("GET", "/metrics")).text).toContain(`fault_proxy_connections{proxy="${linkName}"} 1`);
  client.socket.end();
  await client.closed();
  expect(await received("downstream")).toBe(5);
});
