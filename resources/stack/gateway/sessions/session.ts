/** One agent's session: its turns, the calls in progress and its event streams. */
import type { ServerResponse } from "node:http";
import { EventStream } from "../protocol/event-stream.ts";
import type { RequestId } from "../protocol/messages.ts";
import type { StreamMemory } from "../protocol/stream-memory.ts";
import type { ProtocolVersion } from "../protocol/versions.ts";
import { SessionTurns, type TurnOptions } from "./turns.ts";

const endedStreamsKept = 16;
const keepAliveMs = 5_000;

/** Notified when a stream's connection is lost, and when a client has resumed the stream. */
export interface StreamWatch {
  onDetached(): void;
  onResumed(): void;
}

/** A call in progress, as needed to cancel it. */
interface CallUnderWay {
  leave(reason: string): void;
}

interface WatchedStream {
  stream: EventStream;
  watch: StreamWatch | undefined;
}

const noWait = Promise.resolve();

export class Session {
  readonly id: string;
  readonly protocolVersion: ProtocolVersion;
  lastUsedAtMs = performance.now();
  #ready = noWait;
  /** Since when the client's own stream is gone; undefined while it is there, or if there was none. */
  absentSinceMs: number | undefined;
  readonly #memory: StreamMemory;
  readonly #turnOptions: TurnOptions;
  // Made when they are needed: most memory of a session that nobody uses would be theirs.
  #turns: SessionTurns | undefined;
  #calls: Map<RequestId, CallUnderWay> | undefined;
  #streams: Map<string, WatchedStream> | undefined;
  #streamCount = 0;
  #listener: EventStream | undefined;

  constructor(id: string, protocolVersion: ProtocolVersion, turnOptions: TurnOptions, memory: StreamMemory) {
    this.id = id;
    this.protocolVersion = protocolVersion;
    this.#turnOptions = turnOptions;
    this.#memory = memory;
  }

  /** Resolves once what its first call needs is there. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** @param preparation must not reject; not kept once it is over */
  prepare(preparation: Promise<void> | undefined): void {
    if (preparation === undefined) return;
    this.#ready = preparation;
    void preparation.then(() => {
      this.#ready = noWait;
    });
  }

  get turns(): SessionTurns {
    this.#turns ??= new SessionTurns(this.#turnOptions);
    return this.#turns;
  }

  /** By request id, for notifications/cancelled. */
  get calls(): Map<RequestId, CallUnderWay> {
    this.#calls ??= new Map();
    return this.#calls;
  }

  get busy(): boolean {
    return (this.#calls?.size ?? 0) > 0 || this.#listener?.attached === true;
  }

  openStream(watch?: StreamWatch): EventStream {
    this.#streamCount += 1;
    const stream = new EventStream({
      id: `s${this.#streamCount}`,
      primed: this.protocolVersion === "2025-11-25",
      keepAliveMs,
      memory: this.#memory,
      ...(watch ? { onDetached: () => watch.onDetached() } : {}),
    });
    this.#streams ??= new Map();
    this.#streams.set(stream.id, { stream, watch });
    this.#forgetOldStreams();
    return stream;
  }

  /** Resumes a stream after the client's last event. False if the session has no such stream. */
  resume(
    last: { streamId: string; sequence: number },
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
  ): boolean {
    const watched = this.#streams?.get(last.streamId);
    if (!watched) return false;
    watched.stream.attach(response, headers, last.sequence);
    watched.watch?.onResumed();
    return true;
  }

  /** The stream for messages without a request: one per session, a newer one replaces the older. */
  listen(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    this.#listener?.end();
    this.absentSinceMs = undefined;
    this.#listener = this.openStream({
      onDetached: () => {
        this.absentSinceMs = performance.now();
      },
      onResumed: () => {
        this.absentSinceMs = undefined;
      },
    });
    this.#listener.attach(response, headers);
  }

  announce(message: string): void {
    this.#listener?.send(message);
  }

  end(reason: string): void {
    for (const call of [...(this.#calls?.values() ?? [])]) call.leave(reason);
    for (const { stream } of this.#streams?.values() ?? []) {
      stream.end();
      stream.forget();
    }
  }

  #forgetOldStreams(): void {
    const over = [...(this.#streams?.values() ?? [])].filter(({ stream }) => stream.isOver);
    for (const { stream } of over.slice(0, Math.max(0, over.length - endedStreamsKept))) {
      this.#streams?.delete(stream.id);
      stream.forget();
    }
  }
}
