import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { systemClock } from "../clock.ts";
import { RunLog } from "../events/run-log.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { HitLogger } from "./hit-logger.ts";
import { ProxyWatch } from "./proxy-watch.ts";

interface SentHit {
  seq: number;
  toxic: string;
}

const lineOf = ({ seq, toxic }: SentHit) => `${JSON.stringify({ seq, toxic, at: 0, link: "a->b", effect: "late" })}\n`;

/** A proxy that only reports hits, and records the URLs that it was asked for. */
async function fakeProxy() {
  const asked: string[] = [];
  const streams: ServerResponse[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (!request.url?.startsWith("/hits/stream")) {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ hits: [] }));
      return;
    }
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    streams.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, streams, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function watchOf(address: string) {
  const events: LabEvent[] = [];
  const log = new RunLog({ runId: "run-1", clock: systemClock, record: (event) => events.push(event) });
  const stack = {
    stack: { services: [{ name: "fault-proxy", role: "fault-proxy" }] },
    driver: { stateOf: async () => ({ is: "running" }) },
    address: () => address,
  } as unknown as RunningStack;
  const parts = {
    stack,
    log,
    clock: systemClock,
    hits: new HitLogger(log, (id) => id === "ours"),
    isToBeRevived: () => true,
  };
  const watch = await ProxyWatch.start(parts);
  if (watch === undefined) throw new Error("the stack has a fault proxy");
  onTestFinished(() => watch.close());
  const seen = () => events.flatMap((event) => (event.type === "fault.hit" ? [event.fault] : []));
  return { watch, seen };
}

test("a hit is logged as it happens, without polling, also when its line comes in two chunks", async () => {
  const { asked, streams, address } = await fakeProxy();
  const { seen } = await watchOf(address);
  await expect.poll(() => streams.length).toBe(1);
  const [stream] = streams;
  stream?.write(lineOf({ seq: 1, toxic: "ours" }) + lineOf({ seq: 2, toxic: "theirs" }));
  stream?.write(`{"heartbeat":1}\n{"dropped":3}\n`);
  await expect.poll(seen).toEqual(["ours"]);
  const line = lineOf({ seq: 6, toxic: "ours" });
  stream?.write(line.slice(0, 20));
  await expect.poll(() => stream?.writableLength).toBe(0);
  stream?.write(line.slice(20));
  await expect.poll(seen).toEqual(["ours", "ours"]);
  expect(asked).toEqual(["/hits?since=0", "/hits/stream?since=0"]);
});

test("a stream that ends is resumed where it was, and no hit is logged twice", async () => {
  const { streams, asked, address } = await fakeProxy();
  const { seen } = await watchOf(address);
  await expect.poll(() => streams.length).toBe(1);
  streams[0]?.end(lineOf({ seq: 1, toxic: "ours" }));
  await expect.poll(() => streams.length).toBe(2);
  expect(asked.at(-1)).toBe("/hits/stream?since=1");
  streams[1]?.write(lineOf({ seq: 1, toxic: "ours" }) + lineOf({ seq: 2, toxic: "ours" }));
  await expect.poll(seen).toEqual(["ours", "ours"]);
});

test("closing ends the stream", async () => {
  const { streams, address } = await fakeProxy();
  const { watch } = await watchOf(address);
  await expect.poll(() => streams.length).toBe(1);
  const gone = new Promise((resolve) => streams[0]?.once("close", resolve));
  await watch.close();
  await gone;
});
