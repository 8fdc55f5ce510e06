/** The open sessions, least recently used first. Bounded in number and in idle time. */
import { randomUUID } from "node:crypto";
import { ownText } from "../../http/own-text.ts";
import { StreamMemory } from "../protocol/stream-memory.ts";
import type { ProtocolVersion } from "../protocol/versions.ts";
import { Session } from "./session.ts";
import type { TurnOptions } from "./turns.ts";

const longestSweepMs = 60_000;
/** A session ends at most a quarter of its limit late. */
const sweepsPerLimit = 4;

export interface SessionsOptions extends TurnOptions {
  ttlMs: number;
  /** Of a session whose client closed its stream, and neither comes back nor sends anything. */
  abandonedAfterMs: number;
  limit: number;
  onBegin?: ((session: Session) => Promise<void>) | undefined;
  onEnd?: ((session: Session) => void) | undefined;
}

export class Sessions {
  /** Memory of the sessions' event streams. */
  readonly memory = new StreamMemory();
  /** Number of sessions that ended because nobody used them, whose client has left without ending them, and that made room for a new one. */
  expired = 0;
  abandoned = 0;
  evicted = 0;
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #sweep: NodeJS.Timeout;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const shortestMs = Math.min(options.ttlMs, options.abandonedAfterMs);
    this.#sweep = setInterval(() => this.#endUnused(), Math.min(shortestMs / sweepsPerLimit, longestSweepMs));
    this.#sweep.unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Undefined if the limit is reached and all sessions are busy. */
  create(protocolVersion: ProtocolVersion): Session | undefined {
    if (this.#sessions.size >= this.#options.limit && !this.#endLeastRecentlyUsed()) return undefined;
    const session = new Session(ownText(randomUUID()), protocolVersion, this.#options, this.memory);
    this.#sessions.set(session.id, session);
    session.prepare(this.#options.onBegin?.(session));
    return session;
  }

  /** The session, which becomes the most recently used one. */
  use(id: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    const now = performance.now();
    if (this.#isUnused(session, now)) {
      this.#expire(session);
      return undefined;
    }
    session.lastUsedAtMs = now;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  end(session: Session, reason: string): void {
    this.#sessions.delete(session.id);
    session.end(reason);
    this.#options.onEnd?.(session);
  }

  announce(message: string): void {
    for (const session of this.#sessions.values()) session.announce(message);
  }

  /** Ends the streams and calls of all sessions. */
  stop(): void {
    clearInterval(this.#sweep);
    for (const session of [...this.#sessions.values()]) this.end(session, "gateway stopping");
  }

  #isUnused(session: Session, now: number): boolean {
    return !session.busy && now - session.lastUsedAtMs > this.#options.ttlMs;
  }

  #isAbandoned({ busy, absentSinceMs, lastUsedAtMs }: Session, now: number): boolean {
    if (busy || absentSinceMs === undefined) return false;
    return now - Math.max(absentSinceMs, lastUsedAtMs) > this.#options.abandonedAfterMs;
  }

  #expire(session: Session): void {
    this.expired += 1;
    this.end(session, "session expired");
  }

  #endUnused(): void {
    const now = performance.now();
    for (const session of [...this.#sessions.values()]) {
      if (this.#isUnused(session, now)) this.#expire(session);
      else if (this.#isAbandoned(session, now)) {
        this.abandoned += 1;
        this.end(session, "the client has left");
      }
    }
  }

  #endLeastRecentlyUsed(): boolean {
    for (const session of this.#sessions.values()) {
      if (session.busy) continue;
      this.evicted += 1;
      this.end(session, "session ended to make room for a new one");
      return true;
    }
    return false;
  }
}
