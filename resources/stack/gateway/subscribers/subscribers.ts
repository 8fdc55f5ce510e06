/**
 * `GET /api/events?session=ID&turn=ID`: what happens to calls, as an event stream. A subscriber of a turn gets everything of it;
 * one of a session, or of `*`, every session, gets mirrors of its turns' events. Under pressure mirrors of progress are left out; decisions, results,
 * errors and cancellations never are. A subscriber of both gets each event once, as the turn's.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "../../http/serve.ts";
import type { CallEntry } from "../audit/call-row.ts";
import type { AuditEntry } from "../audit/entry.ts";

export interface CallEvent {
  kind: "progress" | "decision" | "result" | "error" | "cancel";
  session: string;
  turn: string;
  call: string;
  tool: string;
  /** Decision, outcome or the backend's progress. */
  detail: unknown;
}

interface Subscriber {
  session: string | null;
  turn: string | null;
  response: ServerResponse;
}

/** What a connection may leave unread: beyond, mirrors of progress are left out, and anything else ends it. */
const unreadLimitBytes = 1.5 * 1024 * 1024;
const subscribersLimit = 2_000;

export interface SubscribersOptions {
  isUnderPressure: () => boolean;
  /** Disconnects a subscriber that leaves too much unread. */
  boundsUnread: boolean;
}

export class Subscribers {
  /** Progress mirrors that were left out under pressure, or for a slow reader. */
  shed = 0;
  /** Connections that were closed because their reader was too slow. */
  dropped = 0;
  readonly #isUnderPressure: () => boolean;
  readonly #unreadLimitBytes: number;
  readonly #all = new Set<Subscriber>();

  constructor({ isUnderPressure, boundsUnread }: SubscribersOptions) {
    this.#isUnderPressure = isUnderPressure;
    this.#unreadLimitBytes = boundsUnread ? unreadLimitBytes : Infinity;
  }

  get size(): number {
    return this.#all.size;
  }

  /** @throws HttpError if the request names neither, or there are too many */
  open(request: IncomingMessage, response: ServerResponse): void {
    const query = new URLSearchParams(request.url?.split("?")[1]);
    const [session, turn] = [query.get("session"), query.get("turn")];
    if (!session && !turn) throw new HttpError(400, "Name a session or a turn: /api/events?session=ID&turn=ID");
    if (this.#all.size >= subscribersLimit) {
      throw new HttpError(503, `There are ${subscribersLimit} subscribers already.`, { "retry-after": "5" });
    }
    const subscriber = { session, turn, response };
    this.#all.add(subscriber);
    response.once("close", () => this.#all.delete(subscriber));
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" });
    response.write(": open\n\n");
  }

  stop(): void {
    for (const { response } of this.#all) response.end();
  }

  decided({ sessionId: session, turnId: turn, callId: call, tool, decision }: AuditEntry): void {
    this.publish({ kind: "decision", session, turn, call, tool, detail: decision });
  }

  ended({ sessionId: session, turnId: turn, callId: call, tool, outcome }: CallEntry): void {
    const kind = outcome === "ok" ? "result" : outcome === "cancelled" ? "cancel" : "error";
    this.publish({ kind, session, turn, call, tool, detail: outcome });
  }

  publish(event: CallEvent): void {
    if (this.#all.size === 0) return;
    let frame: string | undefined;
    for (const subscriber of this.#all) {
      const isOfTurn = subscriber.turn === event.turn;
      if (!isOfTurn && subscriber.session !== event.session && subscriber.session !== "*") continue;
      frame ??= `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
      this.#send(subscriber, frame, event.kind === "progress" && !isOfTurn);
    }
  }

  #send({ response }: Subscriber, frame: string, mayBeShed: boolean): void {
    const isSlow = response.writableLength > this.#unreadLimitBytes;
    if (mayBeShed && (isSlow || this.#isUnderPressure())) {
      this.shed += 1;
    } else if (isSlow) {
      this.dropped += 1;
      response.destroy();
    } else {
      response.write(frame);
    }
  }
}
