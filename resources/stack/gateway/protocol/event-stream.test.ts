/** A stream and its connections, over a transport without buffering beyond the test's reads. */
import { createServer, type ServerResponse } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EventStream, type EventStreamOptions } from "./event-stream.ts";
import { StreamMemory } from "./stream-memory.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }));
afterEach(() => void vi.useRealTimers());

/** The client's end of a connection, and the response that is sent on it. */
async function connection(): Promise<{ client: Duplex; response: ServerResponse }> {
  const [client, server] = duplexPair({ highWaterMark: 1_024 });
  const http = createServer();
  const response = new Promise<ServerResponse>((resolve) => http.once("request", (_request, given) => resolve(given)));
  http.emit("connection", server);
  client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return { client, response: await response };
}

function openStream(options: Partial<EventStreamOptions> = {}): EventStream {
  return new EventStream({ id: "s1", primed: true, keepAliveMs: 5_000, memory: new StreamMemory(), ...options });
}

const sliceBytes = 16 * 1024;

/** Reads 16 KiB per interval until the text matches or the connection ends. */
async function read(client: Duplex, isEnough: (text: string) => boolean, pauseMs = 0): Promise<string> {
  const pieces: string[] = [];
  let tail = "";
  let sincePause = 0;
  client.setEncoding("latin1");
  for await (const piece of client.iterator({ destroyOnReturn: false })) {
    pieces.push(piece);
    tail = (tail + piece).slice(-4_096);
    if (isEnough(tail)) break;
    sincePause += piece.length;
    if (sincePause < sliceBytes) continue;
    sincePause -= sliceBytes;
    vi.advanceTimersByTime(pauseMs);
  }
  return pieces.join("");
}

const isOver = (text: string): boolean => text.endsWith("0\r\n\r\n");
const payload = (text: string): string => text.slice(text.indexOf("\r\n\r\n")).replace(/\r\n[0-9a-f]+\r\n/g, "");

it("a reader of 16 KiB every 9 s receives all of 6 MB, without a keep-alive in between", async () => {
  const { client, response } = await connection();
  const stream = openStream();
  stream.attach(response, {});
  const message = "x".repeat(6_000_000);
  stream.send(message);
  stream.end();
  const text = payload(await read(client, isOver, 9_000));
  expect(text).toContain(`id: s1_1\nevent: message\ndata: ${message}\n\n`);
});

it("a reader that reads nothing for 10 s is disconnected, and receives everything when it resumes", async () => {
  const detached = vi.fn();
  const { response } = await connection();
  const stream = openStream({ onDetached: detached });
  stream.attach(response, {});
  stream.send("x".repeat(6_000_000));
  stream.send("after it");
  const closed = new Promise((resolve) => response.once("close", resolve));
  vi.advanceTimersByTime(9_999);
  expect(response.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  await closed;
  expect([detached.mock.calls.length, stream.attached]).toEqual([1, false]);
  const again = await connection();
  stream.attach(again.response, {}, 0);
  stream.end();
  const text = payload(await read(again.client, isOver));
  expect(text).toContain(`data: ${"x".repeat(6_000_000)}\n\nid: s1_2\nevent: message\ndata: after it\n\n`);
});

it("an idle connection does not count as slow", async () => {
  const { client, response } = await connection();
  const stream = openStream();
  stream.attach(response, {});
  await read(client, (text) => text.includes("s1_0"));
  for (let at = 0; at < 10; at += 1) {
    vi.advanceTimersByTime(5_000);
    expect(await read(client, (text) => text.includes("keep-alive"))).toContain(": keep-alive");
  }
  expect(stream.attached).toBe(true);
});

it("events beyond the limits are dropped, the newest is kept, and a comment gives the number of dropped ones", async () => {
  const memory = new StreamMemory();
  const stream = openStream({ memory });
  for (let at = 1; at <= 1_200; at += 1) stream.send(`m${at}`);
  const first = await connection();
  stream.attach(first.response, {}, 0);
  const text = payload(await read(first.client, (seen) => seen.includes("data: m1200\n\n")));
  expect(text).toContain(": 200 events are no longer kept\n\nid: s1_201\n");
  expect(memory.dropped).toBe(200);
  stream.send("x".repeat(40_000_000), "too large to keep");
  stream.end();
  await read(first.client, isOver);
  const second = await connection();
  stream.attach(second.response, {}, 1_200);
  expect(payload(await read(second.client, isOver))).toContain(
    `id: s1_1201\nevent: message\ndata: ${"x".repeat(1_000)}`,
  );
  expect(memory.dropped).toBe(200);
});

it("all streams together are bounded: a dropped response is replaced by a short error", async () => {
  const memory = new StreamMemory(1_000_000);
  const older = openStream({ memory });
  const newer = openStream({ id: "s2", memory });
  older.send("progress");
  older.send("y".repeat(600_000), "no longer kept");
  older.end();
  newer.send("z".repeat(600_000), "no longer kept");
  expect(memory.bytes).toBeLessThan(1_000_000);
  expect(memory.dropped).toBe(2);
  const { client, response } = await connection();
  older.attach(response, {}, 0);
  const text = payload(await read(client, isOver));
  expect(text).toContain(": 1 event is no longer kept\n\nid: s1_2\nevent: message\ndata: no longer kept\n\n");
});

it("a stream that is discarded while it is read is sent to its end, and keeps nothing", async () => {
  const memory = new StreamMemory();
  const { client, response } = await connection();
  const stream = openStream({ memory });
  stream.attach(response, {});
  stream.send("x".repeat(1_000_000));
  stream.end();
  stream.forget();
  expect(payload(await read(client, isOver))).toContain("x".repeat(1_000_000));
  await vi.waitFor(() => expect(memory.bytes).toBe(0), { timeout: 60_000 });
});
