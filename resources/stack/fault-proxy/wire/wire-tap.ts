/**
 * Reads a copy of the HTTP on all links while somebody listens. Connections forward first and hand over what they have
 * forwarded; it is read later, in short turns that take a fifth of this process at most, so that reading does not delay them. What piles up beyond a
 * limit is not read: its exchanges are counted as dropped.
 */
import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { limits } from "../limits.ts";
import type { QuickRequestHead } from "../parsing/quick-head.ts";
import { RecordLog } from "../record-log.ts";
import type { ConnectionReader } from "./connection-reader.ts";
import { EventSessions } from "./event-sessions.ts";
import { Exchange } from "./exchange.ts";
import { traceExchange } from "./exchange-span.ts";
import { Pace } from "./pace.ts";
import type { WireCall } from "./wire-call.ts";

interface Unread {
  reader: ConnectionReader;
  bytes: number;
  atMs: number;
  read: (atMs: number) => void;
}

export class WireTap {
  readonly calls = new RecordLog<WireCall>(limits.wireCalls);
  /** By listener: the links whose bodies it wants. */
  readonly #listeners = new Map<object, readonly string[]>();
  readonly #sessions = new Map<string, EventSessions>();
  readonly #open = new Map<Exchange, ConnectionReader>();
  readonly #announced = new Set<Exchange>();
  /** Records with bodies, oldest first. */
  readonly #withBodies: { record: WireCall; bytes: number }[] = [];
  #bodyBytes = 0;
  #unread: Unread[] = [];
  #unreadBytes = 0;
  #lost = new WeakSet<ConnectionReader>();
  readonly #pace = new Pace(limits.wireRest);
  #isScheduled = false;
  #announcing: NodeJS.Timeout | undefined;
  #prefix = "";
  #begun = 0;
  /** Another object each time that somebody begins to listen. */
  listening: object = {};
  isOn = false;

  get listeners(): number {
    return this.#listeners.size;
  }

  /** @param bodiesOf the links whose bodies are wanted. Returns a function that ends it */
  listen(bodiesOf: readonly string[]): () => void {
    const listener = {};
    this.#listeners.set(listener, bodiesOf);
    if (!this.isOn) this.#switchOn();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#switchOff();
    };
  }

  /** Hands over what was forwarded just now; it is read later. */
  enqueue(reader: ConnectionReader, bytes: number, read: (atMs: number) => void): void {
    if (this.#unreadBytes + bytes > limits.unreadWireBytes) {
      this.#lose(reader);
      return;
    }
    reader.unread += 1;
    this.#unread.push({ reader, bytes, atMs: performance.now(), read });
    this.#unreadBytes += bytes;
    this.#schedule();
  }

  hasLost(reader: ConnectionReader): boolean {
    return this.#lost.has(reader);
  }

  begin(reader: ConnectionReader, head: QuickRequestHead, link: string, connection: number, atMs: number): Exchange {
    this.#begun += 1;
    const id = `${this.#prefix}-${this.#begun}`;
    const wantsBodies = [...this.#listeners.values()].some((links) => links.includes(link));
    const sessions = this.#sessions.get(link) ?? new EventSessions();
    this.#sessions.set(link, sessions);
    const wallMs = Date.now() - Math.round(performance.now() - atMs);
    const exchange = new Exchange({ id, link, connection, atMs, wallMs, wantsBodies }, head, sessions, (ended) =>
      this.#ended(ended),
    );
    if (this.#open.size < limits.openWireCalls) this.#open.set(exchange, reader);
    else this.calls.drop();
    return exchange;
  }

  /** Reads everything so far, and records what is open: after it no request that has been forwarded is missing. */
  async settle(): Promise<void> {
    while (this.#unread.length > 0) {
      this.#takeTurn();
      await nextTurn();
    }
    for (const exchange of this.#open.keys()) this.#announce(exchange);
  }

  close(): void {
    this.#switchOff();
    this.calls.close();
  }

  #switchOn(): void {
    this.isOn = true;
    this.listening = {};
    this.#prefix = randomBytes(4).toString("hex");
    this.#announcing = setInterval(() => {
      const beforeMs = performance.now() - limits.openWireCallMs;
      for (const exchange of this.#open.keys()) if (exchange.start.atMs < beforeMs) this.#announce(exchange);
    }, limits.openWireCallMs);
    this.#announcing.unref();
  }

  #switchOff(): void {
    clearInterval(this.#announcing);
    this.isOn = false;
    this.#sessions.clear();
    this.#open.clear();
    this.#announced.clear();
    this.#unread = [];
    this.#unreadBytes = 0;
    this.#lost = new WeakSet();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turnIfDue());
  }

  #turnIfDue(): void {
    if (this.#pace.isDue) this.#pace.turn(() => this.#takeTurn());
    if (this.#unread.length > 0) setTimeout(() => this.#turnIfDue(), 1);
    else this.#isScheduled = false;
  }

  #takeTurn(): void {
    const endMs = performance.now() + limits.wireTurnMs;
    const unread = this.#unread;
    let at = 0;
    for (; at < unread.length; at += 1) {
      const next = unread[at];
      if (!next) break;
      this.#unreadBytes -= next.bytes;
      next.reader.unread -= 1;
      if (!this.#lost.has(next.reader)) this.#read(next);
      if (performance.now() >= endMs) {
        at += 1;
        break;
      }
    }
    // Nothing is added meanwhile: reading forwards nothing.
    unread.splice(0, at);
  }

  /** An error of the reader is its own: the connection goes on. */
  #read({ reader, atMs, read }: Unread): void {
    try {
      read(atMs);
    } catch (error) {
      console.error(`an exchange could not be read: ${error instanceof Error ? error.message : String(error)}`);
      this.#lose(reader);
    }
  }

  #lose(reader: ConnectionReader): void {
    if (this.#lost.has(reader)) return;
    this.#lost.add(reader);
    const lost = [...this.#open].filter(([, of]) => of === reader);
    for (const [exchange] of lost) this.#open.delete(exchange);
    // What comes on it until it can be read again is one at least.
    for (let count = Math.max(1, lost.length); count > 0; count -= 1) this.calls.drop();
  }

  #announce(exchange: Exchange): void {
    if (this.#announced.has(exchange)) return;
    this.#announced.add(exchange);
    this.calls.record(exchange.toRecord());
  }

  #ended(exchange: Exchange): void {
    this.#announced.delete(exchange);
    if (!this.#open.delete(exchange)) return;
    const record = this.calls.record(exchange.toRecord());
    traceExchange(record);
    if (exchange.start.wantsBodies) this.#boundBodies(record);
  }

  #boundBodies(record: WireCall): void {
    const bytes = (record.requestBody?.length ?? 0) + (record.replyBody?.length ?? 0);
    this.#withBodies.push({ record, bytes });
    this.#bodyBytes += bytes;
    while (this.#bodyBytes > limits.wireBodiesOverall) {
      const oldest = this.#withBodies.shift();
      if (!oldest) return;
      this.#bodyBytes -= oldest.bytes;
      delete oldest.record.requestBody;
      delete oldest.record.replyBody;
    }
  }
}
