/** Toxiproxy's toxics from a client's perspective, on real sockets. */
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { echo, openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

async function openEcho(): Promise<{ proxy: Awaited<ReturnType<typeof openProxy>>; client: RawClient }> {
  const proxy = await openProxy(await openServer(echo));
  const client = await RawClient.open(proxy.port);
  client.write("ready");
  await client.receives("ready");
  client.chunks.length = 0;
  return { proxy, client };
}

/** Duration of the echo of one byte. */
async function roundTripMs(client: RawClient): Promise<number> {
  const before = client.received.length;
  const startMs = performance.now();
  client.write("x");
  await client.receivesBytes(before + 1);
  return performance.now() - startMs;
}

test("latency affects an open connection, can be updated, and is flushed on removal", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "latency", attributes: { latency: 30 } });
  const short = await roundTripMs(client);
  expect(short).toBeGreaterThanOrEqual(29);
  await proxy.update("latency_downstream", { attributes: { latency: 120 } });
  expect(await roundTripMs(client)).toBeGreaterThanOrEqual(119);
  await proxy.update("latency_downstream", { attributes: { latency: 60_000 } });
  const before = client.received.length;
  client.write("stuck");
  await expect.poll(async () => (await proxy.hits()).length).toBeGreaterThanOrEqual(3);
  await proxy.disarm("latency_downstream");
  await client.receivesBytes(before + 5);
});

test("latency keeps the order under jitter, and delays overlap", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "latency", attributes: { latency: 40, jitter: 40 }, seed: 7 });
  await proxy.arm({ type: "latency", stream: "upstream", attributes: { latency: 20, jitter: 20 } });
  const sent = Array.from({ length: 60 }, (_, at) => `${at};`);
  const startMs = performance.now();
  for (const piece of sent) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.receivesBytes(sent.join("").length);
  expect(client.text).toBe(sent.join(""));
  expect(performance.now() - startMs).toBeLessThan(60 * 40);
});

test("a later toxic applies after the earlier ones, and removing the first keeps the second", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ name: "one", type: "latency", attributes: { latency: 30 } });
  await proxy.arm({ name: "two", type: "latency", attributes: { latency: 50 } });
  expect(await roundTripMs(client)).toBeGreaterThanOrEqual(79);
  await proxy.disarm("one");
  const left = await roundTripMs(client);
  expect(left).toBeGreaterThanOrEqual(49);
});

test("bandwidth sends by its schedule", async () => {
  const bytes = 60_000;
  const upstream = await openServer((socket) => void socket.once("data", () => socket.end(Buffer.alloc(bytes))));
  const proxy = await openProxy(upstream);
  await proxy.arm({ type: "bandwidth", attributes: { rate: 200 } });
  const client = await RawClient.open(proxy.port);
  const startMs = performance.now();
  client.write("go");
  await client.ended();
  expect(client.received.length).toBe(bytes);
  expect((performance.now() - startMs) / (bytes / 200)).toBeGreaterThanOrEqual(0.95);
  // In parts; how many depends on how busy the machine is.
  expect(client.chunks.length).toBeGreaterThan(1);
});

test("bandwidth sends everything at once on removal", async () => {
  const bytes = 500_000;
  const upstream = await openServer((socket) => void socket.once("data", () => socket.end(Buffer.alloc(bytes))));
  const proxy = await openProxy(upstream);
  await proxy.arm({ type: "bandwidth", attributes: { rate: 1 } });
  const client = await RawClient.open(proxy.port);
  client.write("go");
  await client.receivesBytes(1);
  await proxy.disarm("bandwidth_downstream");
  await client.ended();
  expect(client.received.length).toBe(bytes);
});

test.each(["upstream", "downstream"])(
  "bandwidth 0 %s stalls data and the following end until it is removed",
  async (stream) => {
    const bytes = 300_000;
    const upstream = await openServer((socket) => {
      let received = 0;
      socket.on("data", (chunk: Buffer) => (received += chunk.length));
      socket.on("end", () => socket.end(Buffer.alloc(received)));
    });
    const proxy = await openProxy(upstream);
    await proxy.arm({ name: "cut", type: "bandwidth", stream, attributes: { rate: 0 } });
    const client = await RawClient.open(proxy.port);
    client.socket.end(Buffer.alloc(bytes));
    await expect.poll(async () => (await proxy.hits()).map(({ effect }) => effect)).toEqual(["stalled"]);
    expect([client.received.length, client.hasEnded]).toEqual([0, false]);
    await proxy.disarm("cut");
    await client.ended();
    expect(client.received.length).toBe(bytes);
  },
);

test("bandwidth 0 resumes at the rate that it is changed to, and stalls again at 0", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ name: "cut", type: "bandwidth", attributes: { rate: 0 } });
  const before = client.received.length;
  client.write("x".repeat(10_000));
  await expect.poll(async () => (await proxy.hits()).length).toBe(1);
  expect(client.received.length).toBe(before);
  await proxy.update("cut", { attributes: { rate: 1 } });
  await client.receivesBytes(before + 1);
  await proxy.update("cut", { attributes: { rate: 0 } });
  expect(client.received.length).toBeLessThan(before + 10_000);
  await proxy.disarm("cut");
  await client.receivesBytes(before + 10_000);
});

test("bandwidth records a hit for a connection whose first bytes arrive immediately", async () => {
  const proxy = await openProxy(await openServer((socket) => void socket.write("hello")));
  await proxy.arm({ type: "bandwidth", attributes: { rate: 10_000 } });
  for (let at = 0; at < 5; at += 1) await (await RawClient.open(proxy.port)).receives("hello");
  expect((await proxy.hits()).map(({ effect }) => effect)).toEqual(Array(5).fill("throttled"));
});

test("slow_close delays only the end", async () => {
  const proxy = await openProxy(await openServer(echo));
  await proxy.arm({ type: "slow_close", attributes: { delay: 80 } });
  const client = await RawClient.open(proxy.port);
  const startMs = performance.now();
  client.socket.end("x");
  await client.receives("x");
  expect(client.hasEnded).toBe(false);
  await client.ended();
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(79);
});

test("timeout drops data and closes after its time, regardless of further chunks", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "timeout", attributes: { timeout: 100 } });
  const writing = setInterval(() => client.write("x"), 20);
  await client.ended();
  clearInterval(writing);
  expect(client.received.length).toBe(0);
  expect(client.error).toBeUndefined();
  expect((await proxy.hits()).map(({ effect }) => effect)).toEqual(["data dropped", "connection closed"]);
});

test("timeout 0 never closes; removing it does", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "timeout", attributes: { timeout: 0 } });
  client.write("lost");
  await expect.poll(async () => (await proxy.hits()).length).toBe(1);
  expect(client.hasEnded).toBe(false);
  await proxy.disarm("timeout_downstream");
  await client.ended();
  expect(client.received.length).toBe(0);
});

test.each(["upstream", "downstream"])("reset_peer %s resets both sides of an open connection", async (stream) => {
  let server: Socket | undefined;
  let serverError: NodeJS.ErrnoException | undefined;
  const upstream = await openServer((socket) => {
    server = socket;
    socket.on("error", (error) => (serverError = error));
    socket.pipe(socket);
  });
  const proxy = await openProxy(upstream);
  const client = await RawClient.open(proxy.port);
  client.write("ready");
  await client.receives("ready");
  await proxy.arm({ type: "reset_peer", stream, attributes: { timeout: 10 } });
  expect(client.socket.closed).toBe(false);
  client.write("x");
  await client.closed();
  expect(client.error?.code).toBe("ECONNRESET");
  expect(client.hasEnded).toBe(false);
  await expect.poll(() => server?.closed).toBe(true);
  expect(serverError?.code).toBe("ECONNRESET");
});

test("slicer cuts into slices of about the configured size", async () => {
  const bytes = Buffer.from(Array.from({ length: 4_000 }, (_, at) => at % 251));
  const upstream = await openServer((socket) => void socket.once("data", () => socket.end(bytes)));
  const proxy = await openProxy(upstream);
  await proxy.arm({ type: "slicer", attributes: { average_size: 500, size_variation: 100, delay: 40_000 } });
  const client = await RawClient.open(proxy.port);
  client.write("go");
  await client.ended();
  expect(client.received.equals(bytes)).toBe(true);
  expect(client.chunks.length).toBeGreaterThanOrEqual(5);
  expect(client.chunks[0]?.bytes.length).toBeLessThanOrEqual(600);
});

test("limit_data passes its bytes, then closes; the count survives an update", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "limit_data", attributes: { bytes: 10 } });
  client.write("12345");
  await client.receives("12345");
  await proxy.update("limit_data_downstream", { attributes: { bytes: 8 } });
  client.write("678901");
  await client.ended();
  expect(client.text).toBe("12345678");
  expect(client.error).toBeUndefined();
});

test("limit_data closes after the data that a later toxic still holds", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "limit_data", attributes: { bytes: 3 } });
  await proxy.arm({ type: "latency", attributes: { latency: 40 } });
  client.write("12345");
  await client.ended();
  expect(client.text).toBe("123");
});

test("limit_data 0 closes on the first data, not before", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "limit_data", attributes: { bytes: 0 } });
  expect(client.hasEnded).toBe(false);
  client.write("x");
  await client.ended();
  expect(client.received.length).toBe(0);
});

test("toxicity excludes connections by the seed, the same ones for the same seed", async () => {
  const outcomes = async (): Promise<string> => {
    const proxy = await openProxy(await openServer(echo), 42);
    await proxy.arm({ type: "limit_data", attributes: { bytes: 0 }, toxicity: 0.5 });
    let outcomes = "";
    for (let at = 0; at < 20; at += 1) {
      const client = await RawClient.open(proxy.port);
      client.write("x");
      await client.until(() => client.received.length > 0 || client.hasEnded);
      outcomes += client.received.length > 0 ? "passed " : "closed ";
      client.socket.destroy();
    }
    return outcomes;
  };
  const first = await outcomes();
  expect(first).toContain("passed");
  expect(first).toContain("closed");
  expect(await outcomes()).toBe(first);
});

test("a change of toxicity applies to open connections", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "latency", attributes: { latency: 60_000 }, toxicity: 0 });
  await roundTripMs(client);
  await proxy.update("latency_downstream", { toxicity: 1 });
  const before = client.received.length;
  client.write("x");
  await expect.poll(async () => (await proxy.hits()).length).toBe(1);
  await proxy.update("latency_downstream", { toxicity: 0 });
  await client.receivesBytes(before + 1);
});

test("a toxic with an expiry removes itself", async () => {
  const { proxy, client } = await openEcho();
  await proxy.arm({ type: "latency", attributes: { latency: 60_000 }, expires_ms: 50 });
  client.write("x");
  await client.receives("x");
  expect((await proxy.call("GET", "/proxies")).json["client->server"].toxics).toEqual([]);
});
