import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MessagePort, Worker } from "node:worker_threads";
import { RPCLink as PortLink } from "@orpc/client/message-port";
import { RPCLink as SocketLink } from "@orpc/client/websocket";
import { WebSocket } from "ws";
import { labClient } from "../../renderer/lab-client/lab-client.ts";
import type { OpenLink, Transport } from "../../renderer/lab-client/transport.ts";
import type { StreamItem, StreamMessage } from "../contract/events.ts";
import { recordLongRun } from "./long-run.ts";
import { median, type Row, row } from "./row.ts";
import type { StreamDoors, StreamPlace } from "./stream-host.ts";

const ROUNDS = 9;
const EVENTS = 100_000;
const RUN = "0f0f0f0f-0000-4000-8000-000000100000";

/**
 * A run of a hundred thousand events as the page's client is given it, over both of the lab's transports, against the same
 * transport moving the same events in batches of the same size without the lab: both sides take the text apart.
 */
export async function benchStream(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-stream-"));
  mkdirSync(join(folder, "home"));
  await recordLongRun(join(folder, "home", "history.db"), RUN, EVENTS);
  const data: StreamPlace = { home: join(folder, "home"), runId: RUN };
  const host = new Worker(join(import.meta.dirname, "stream-host.ts"), { workerData: data });
  try {
    const [doors] = (await once(host, "message")) as [StreamDoors];
    const port = new Door(doors.lab.port);
    return [
      ...(await compare(
        "WebSocket",
        () => overLab(socketTransport(doors.lab.address)),
        () => bareSocket(doors.bare.address),
      )),
      ...(await compare(
        "MessagePort",
        () => overLab(port),
        () => barePort(doors.bare.port),
      )),
    ];
  } finally {
    const ended = once(host, "exit");
    host.postMessage("end");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Alternating rounds; the number of missing or duplicate events over all rounds is a row as well. The processor time of
 * both sides is meaningful also on a busy machine, where threads that would run in parallel wait for each other.
 */
async function compare(name: string, lab: () => Promise<number>, bare: () => Promise<number>): Promise<Row[]> {
  const ratios: number[] = [];
  const cpuRatios: number[] = [];
  const perSecond: number[] = [];
  let lost = 0;
  const timed = async (move: () => Promise<number>) => {
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    lost += Math.abs(EVENTS - (await move()));
    const { user, system } = process.cpuUsage(before);
    return { ms: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  };
  await timed(lab);
  await timed(bare);
  for (let round = 0; round < ROUNDS; round++) {
    const before = round % 2 === 0 ? await timed(lab) : undefined;
    const ofBare = await timed(bare);
    const ofLab = before ?? (await timed(lab));
    ratios.push(ofBare.ms / ofLab.ms);
    cpuRatios.push(ofLab.cpuMs / ofBare.cpuMs);
    perSecond.push(EVENTS / (ofLab.ms / 1000));
  }
  return [
    row(`event stream over a ${name}, against it bare, 256 at once`, median(ratios), "ratio", ">= 0.6"),
    row(`event stream over a ${name}, events lost or doubled`, lost, "", "<= 0"),
    row(`event stream over a ${name}, events/s`, median(perSecond), "/s"),
    row(`event stream over a ${name}, processor time against it bare, both sides`, median(cpuRatios), "x"),
  ];
}

/** How many of the run's events arrived in order. */
async function overLab(transport: Transport): Promise<number> {
  const client = labClient(transport);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let seq = 0;
  client.followRun(
    { runId: RUN },
    {
      onItems: (items: readonly StreamItem[]) => {
        for (const item of items) if (item.type !== "skipped" && item.seq === seq + 1) seq++;
      },
      onEnd: () => resolve(seq),
      onFailure: reject,
    },
  );
  try {
    return await promise;
  } finally {
    client.close();
  }
}

function countIn(text: unknown): number {
  const message = JSON.parse(String(text)) as StreamMessage;
  return message.type === "run" ? message.items.length : 0;
}

function socketTransport(address: string): Transport {
  return {
    async open(): Promise<OpenLink> {
      const socket = new WebSocket(address);
      const link = new SocketLink({ websocket: socket as unknown as globalThis.WebSocket });
      const gone = new AbortController();
      socket.once("close", () => gone.abort());
      await once(socket, "open");
      return { link, gone: gone.signal, close: () => socket.close() };
    },
  };
}

async function bareSocket(address: string): Promise<number> {
  const socket = new WebSocket(address);
  await once(socket, "open");
  let events = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("message", (data) => {
    events += countIn(data);
    if (events >= EVENTS) resolve();
  });
  socket.send("begin");
  await promise;
  socket.close();
  return events;
}

/** One port for all rounds, as in a window: only the client ends. */
class Door implements Transport {
  readonly #link: OpenLink["link"];

  constructor(port: MessagePort) {
    this.#link = new PortLink({ port: port as unknown as globalThis.MessagePort });
    port.start();
  }

  open(): Promise<OpenLink> {
    return Promise.resolve({ link: this.#link, gone: new AbortController().signal, close: () => {} });
  }
}

async function barePort(port: MessagePort): Promise<number> {
  let events = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const take = (text: unknown) => {
    events += countIn(text);
    if (events >= EVENTS) resolve();
  };
  port.on("message", take);
  port.postMessage("begin");
  await promise;
  port.off("message", take);
  return events;
}
