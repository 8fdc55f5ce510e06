import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type RawData, WebSocket } from "ws";
import { STREAMS_PER_WINDOW } from "../contract/window.ts";
import { median, quantile, type Row, row } from "./row.ts";
import type { SubscribersPlace } from "./subscribers-host.ts";

const SUBSCRIBERS = 500;
const EVENTS = 16;
/** Four events a second, about as many as a run has. */
const EVERY_MS = 250;
const ROUNDS = 3;

interface Heard {
  /** Delay from the event to each acknowledging stream, in milliseconds. */
  latenciesMs: number[];
  /** Events that a stream missed or received twice. */
  lost: number;
}

/**
 * One run, followed by five hundred streams in as many windows as they need. One of them stops reading, in a window of
 * its own; what the others wait for an event is compared with the same number of streams without it.
 */
export async function benchSubscribers(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-subscribers-"));
  mkdirSync(join(folder, "home"));
  const data: SubscribersPlace = { home: join(folder, "home"), events: EVENTS, everyMs: EVERY_MS };
  const host = new Worker(join(import.meta.dirname, "subscribers-host.ts"), { workerData: data });
  try {
    const [port] = (await once(host, "message")) as [number];
    await follow(host, port, false);
    const rounds: { all: Heard; stalled: Heard }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const first = round % 2 === 0 ? await follow(host, port, false) : undefined;
      const stalled = await follow(host, port, true);
      rounds.push({ stalled, all: first ?? (await follow(host, port, false)) });
    }
    const p99 = ({ latenciesMs }: Heard) => quantile(latenciesMs, 0.99);
    const what = `${SUBSCRIBERS - 1} subscribers`;
    return [
      row(
        `${what}, one more stalled: event to stream, p50`,
        median(rounds.flatMap(({ stalled }) => stalled.latenciesMs)),
        "ms",
      ),
      row(
        `${what}, one more stalled: event to stream, p99`,
        median(rounds.map(({ stalled }) => p99(stalled))),
        "ms",
        "<= 100",
      ),
      row(`${what}, none stalled: event to stream, p99`, median(rounds.map(({ all }) => p99(all))), "ms"),
      row(
        `${what}: p99 with one stalled against none`,
        median(rounds.map(({ all, stalled }) => p99(stalled) / p99(all))),
        "ratio",
        "<= 1.5",
      ),
      row(
        `${what}: events lost or doubled`,
        rounds.reduce((sum, { all, stalled }) => sum + all.lost + stalled.lost, 0),
        "",
        "<= 0",
      ),
    ];
  } finally {
    await host.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function follow(host: Worker, port: number, hasStalled: boolean): Promise<Heard> {
  const runId = randomUUID();
  const request = async (what: string) => {
    host.postMessage({ what, runId });
    await once(host, "message");
  };
  await request("begin");
  const heard: Heard = { latenciesMs: [], lost: 0 };
  const windows: Window[] = [];
  for (let left = SUBSCRIBERS - 1; left > 0; left -= STREAMS_PER_WINDOW) {
    windows.push(await Window.open(port, heard));
  }
  const ended = windows.map((window, index) =>
    window.follow(runId, Math.min(STREAMS_PER_WINDOW, SUBSCRIBERS - 1 - index * STREAMS_PER_WINDOW)),
  );
  const stalled = hasStalled ? await Window.open(port, { latenciesMs: [], lost: 0 }) : undefined;
  stalled?.stall(runId);
  for (const window of windows) await window.answered();
  await request("go");
  await Promise.all(ended);
  for (const window of [...windows, stalled]) window?.close();
  return heard;
}

/** A window's socket without the page's client: measures the lab and not a browser. */
class Window {
  readonly #socket: WebSocket;
  readonly #heard: Heard;
  readonly #seen = new Map<string, number>();
  readonly #subscriptions = new Map<string, string>();
  #calls = 0;

  private constructor(socket: WebSocket, heard: Heard) {
    this.#socket = socket;
    this.#heard = heard;
  }

  static async open(port: number, heard: Heard): Promise<Window> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, "open");
    return new Window(socket, heard);
  }

  close(): void {
    this.#socket.terminate();
  }

  /** Resolves when all of its streams have delivered the whole run. */
  follow(runId: string, streams: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let open = streams;
    this.#socket.on("message", (data) => {
      const { i, t, p } = JSON.parse(String(data));
      const subscription = this.#subscriptions.get(i);
      if (t !== 3 || subscription === undefined) return;
      if (p.e === "message") this.#take(i, subscription, p.d.json);
      else if (--open === 0) resolve();
    });
    for (let index = 0; index < streams; index++) this.#subscribe(runId);
    return promise;
  }

  /** Follows the run and reads nothing of it. */
  stall(runId: string): void {
    this.#subscribe(runId);
    this.#socket.pause();
  }

  /** Resolves when the lab has processed all requests of this window so far. */
  answered(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const onMessage = (data: RawData) => {
      if (JSON.parse(String(data)).i !== id) return;
      this.#socket.off("message", onMessage);
      resolve();
    };
    this.#socket.on("message", onMessage);
    const id = this.#call("settings/get");
    return promise;
  }

  #subscribe(runId: string): void {
    const subscription = randomUUID();
    const id = this.#call("events/subscribe", { topic: "run", subscription, runId, afterSeq: 0 });
    this.#subscriptions.set(id, subscription);
  }

  #take(
    id: string,
    subscription: string,
    message: { message: number; items: { seq: number; wallMs: number }[] },
  ): void {
    const nowMs = performance.timeOrigin + performance.now();
    let seen = this.#seen.get(id) ?? 0;
    for (const { seq, wallMs } of message.items) {
      if (seq !== seen + 1) this.#heard.lost++;
      seen = seq;
      this.#heard.latenciesMs.push(nowMs - wallMs);
    }
    this.#seen.set(id, seen);
    this.#call("events/acknowledge", { subscription, message: message.message });
  }

  #call(procedure: string, input?: object): string {
    const id = String(++this.#calls);
    this.#socket.send(JSON.stringify({ i: id, p: { u: `/${procedure}`, b: { json: input } } }));
    return id;
  }
}
