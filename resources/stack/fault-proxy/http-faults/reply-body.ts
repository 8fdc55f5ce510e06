/** A reply under faults: its payload is split into units, passed through the faults in order, and reframed. */

import { limits } from "../limits.ts";
import type { Framing } from "../parsing/body-reader.ts";
import { EventSplitter } from "../parsing/event-splitter.ts";
import type { ReplyHead } from "../parsing/message-head.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { ReplyContext, ReplyFault, ReplyOutput } from "./reply-fault.ts";
import type { ReplyOutbox } from "./reply-outbox.ts";

export interface FaultedReply {
  request: RequestInfo;
  head: ReplyHead;
  framing: Framing;
  isHttp10: boolean;
  outbox: ReplyOutbox;
  faults: readonly { toxic: Toxic; make: (context: ReplyContext) => ReplyFault }[];
  isArmed: (toxic: Toxic) => boolean;
  hit: (toxic: Toxic, effect: string) => void;
  /** Closes the connection within the reply. */
  cut: () => void;
}

const lineEnd = Buffer.from("\r\n");

export class ReplyBody {
  readonly #reply: FaultedReply;
  readonly #faults: readonly ReplyFault[];
  readonly #splitter: EventSplitter | undefined;
  readonly #isChunked: boolean;
  /** The reply's end is signalled only by the connection's end. */
  readonly #endsWithConnection: boolean;
  #whole: Buffer[] | undefined;
  #wholeBytes = 0;
  #isCut = false;

  constructor(reply: FaultedReply) {
    this.#reply = reply;
    this.#faults = reply.faults.map(({ toxic, make }, at) =>
      make({
        toxic,
        request: reply.request,
        head: reply.head,
        framing: reply.framing,
        output: this.#output(at, toxic),
      }),
    );
    this.#splitter = reply.head.isEventStream ? new EventSplitter() : undefined;
    this.#whole = !this.#splitter && this.#faults.some((fault) => fault.needsWhole) ? [] : undefined;
    const changesLength = reply.framing.kind === "length" && !this.#faults.every((fault) => fault.keepsLength);
    this.#isChunked = reply.framing.kind === "chunked" || (changesLength && !reply.isHttp10);
    this.#endsWithConnection = changesLength && reply.isHttp10;
    if (changesLength) reply.head.delete("content-length");
    if (changesLength && this.#isChunked) reply.head.set("Transfer-Encoding", "chunked");
    if (this.#endsWithConnection) reply.head.set("Connection", "close");
    for (const fault of this.#faults) fault.editHead();
    reply.outbox.bytes(reply.head.toBuffer());
    for (const fault of this.#faults) fault.begin();
  }

  payload(piece: Buffer): void {
    if (this.#splitter) {
      for (const event of this.#splitter.push(piece)) this.#unit(0, event);
    } else if (this.#whole) {
      this.#whole.push(piece);
      this.#wholeBytes += piece.length;
      if (this.#wholeBytes > limits.rewrittenReplyBytes) this.#giveUpWhole();
    } else {
      this.#unit(0, piece);
    }
  }

  /** The upstream stopped within the reply: the collected part of a unit is sent, without a terminator. */
  breakOff(): void {
    const rest = this.#splitter?.rest();
    if (rest) this.#unit(0, rest);
    if (this.#whole && this.#wholeBytes > 0) this.#unit(0, Buffer.concat(this.#whole));
  }

  /** `trailers` are those of the upstream's chunked body. */
  finish(trailers: string): void {
    this.breakOff();
    this.#faults.forEach((fault, at) => {
      if (this.#isActive(fault, at)) fault.finish();
    });
    if (this.#isCut) return;
    if (this.#isChunked) this.#reply.outbox.bytes(Buffer.from(`0\r\n${trailers}\r\n`, "latin1"));
    if (this.#endsWithConnection) this.#reply.cut();
  }

  /** Too long to be buffered: it passes unchanged. */
  #giveUpWhole(): void {
    const pieces = this.#whole ?? [];
    this.#whole = undefined;
    for (const piece of pieces) this.#unit(0, piece);
  }

  #unit(at: number, payload: Buffer): void {
    const fault = this.#faults[at];
    if (!fault) this.#send(payload);
    else if (this.#isActive(fault, at)) fault.unit(payload);
    else this.#unit(at + 1, payload);
  }

  /** A toxic that is removed during the reply does not affect the rest. */
  #isActive(fault: ReplyFault, at: number): boolean {
    const toxic = this.#reply.faults[at]?.toxic;
    return fault.mustFinish || (toxic !== undefined && this.#reply.isArmed(toxic));
  }

  #send(payload: Buffer): void {
    if (this.#isCut || payload.length === 0) return;
    const { outbox } = this.#reply;
    if (!this.#isChunked) {
      outbox.bytes(payload);
      return;
    }
    const size = Buffer.from(`${payload.length.toString(16)}\r\n`, "latin1");
    outbox.bytes(Buffer.concat([size, payload, lineEnd]));
  }

  #output(at: number, toxic: Toxic): ReplyOutput {
    return {
      emit: (payload) => this.#unit(at + 1, payload),
      wait: (ms) => void (this.#isCut || this.#reply.outbox.wait(ms, toxic)),
      stall: () => void (this.#isCut || this.#reply.outbox.stall(toxic)),
      cut: () => {
        if (this.#isCut) return;
        this.#isCut = true;
        this.#reply.cut();
      },
      hit: (effect) => void (this.#isCut || this.#reply.hit(toxic, effect)),
    };
  }
}
