/**
 * The upstream's reply to one request. Without a fault that changes it, its bytes pass unchanged, delayed or not, and only
 * its end is detected; otherwise it passes through a ReplyBody, or is dropped if the reply is to be lost.
 */

import { isObject, parseJson } from "../../http/json.ts";
import { BodyReader, type Framing, replyFraming } from "../parsing/body-reader.ts";
import { EventSplitter, eventData } from "../parsing/event-splitter.ts";
import { HeadReader } from "../parsing/head-reader.ts";
import { isStatusLine, ReplyHead } from "../parsing/message-head.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { LayerHost } from "./layer-host.ts";
import { ReplyBody } from "./reply-body.ts";
import type { ReplyOutbox } from "./reply-outbox.ts";
import type { RequestPlan } from "./request-plan.ts";
import { selectReplyFaults } from "./select-reply-faults.ts";

export interface ReplyParts {
  host: LayerHost;
  request: RequestInfo;
  plan: RequestPlan;
  isHttp10: boolean;
  toxics: readonly Toxic[];
  outbox: ReplyOutbox;
  /** The reply is complete and was sent. */
  done: () => void;
  /** The connection switches to another protocol. */
  becameTunnel: () => void;
}

const nothing = Buffer.alloc(0);

export class Reply {
  readonly #parts: ReplyParts;
  readonly #headReader = new HeadReader(isStatusLine);
  #framing: Framing = { kind: "none" };
  #reader: BodyReader | undefined;
  #body: ReplyBody | undefined;
  /** Set while a streamed reply is dropped. */
  #lostEvents: EventSplitter | undefined;
  #hasBegunLost = false;
  /** Bytes that could not be parsed as HTTP. */
  #refused: Buffer | undefined;
  #isOver = false;

  constructor(parts: ReplyParts) {
    this.#parts = parts;
  }

  /** Consumes the reply's bytes and returns the rest. Throws BadMessage. */
  read(chunk: Buffer): Buffer {
    let bytes = chunk;
    let headLength = 0;
    while (!this.#reader) {
      const read = this.#headReader.read(bytes);
      if (!read) return nothing;
      bytes = read.bytes;
      headLength = read.headLength;
      const text = bytes.toString("latin1", 0, headLength);
      const head = this.#orRefuse(bytes, () => new ReplyHead(text));
      if (head.status === 101) {
        this.#parts.outbox.bytes(bytes);
        this.#parts.becameTunnel();
        return nothing;
      }
      if (head.status < 200) {
        if (!this.#isLost) this.#parts.outbox.bytes(bytes.subarray(0, headLength));
        bytes = bytes.subarray(headLength);
      } else {
        this.#orRefuse(bytes, () => this.#begin(head));
      }
    }
    const reader: BodyReader = this.#reader;
    return this.#orRefuse(bytes, () => this.#readBody(reader, bytes, headLength));
  }

  #orRefuse<Value>(bytes: Buffer, read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      this.#refused = bytes;
      throw error;
    }
  }

  /** The upstream ended its side: the reply's end if it is framed that way, else a truncated reply. */
  upstreamEnded(): void {
    if (this.#isOver) return;
    if (this.#isLost) this.#lose();
    else if (!this.#reader) this.#parts.outbox.bytes(this.#headReader.collected);
    else if (this.#framing.kind !== "untilClose") this.#body?.breakOff();
    else this.#finish("");
  }

  /** Bytes that were consumed and not passed on; undefined if the rest of the reply cannot be passed on unchanged. */
  unsent(): Buffer | undefined {
    if (this.#body || this.#isLost || this.#parts.outbox.held > 0) return undefined;
    return this.#refused ?? this.#headReader.collected;
  }

  /** Decided when the reply starts: dropped bytes cannot be sent later. */
  get #isLost(): boolean {
    const { plan, host } = this.#parts;
    if (plan.end?.how !== "loseReply") return false;
    return this.#hasBegunLost || (!this.#reader && host.link.isArmed(plan.end.toxic));
  }

  #begin(head: ReplyHead): void {
    const { host, request, plan, toxics, outbox, isHttp10 } = this.#parts;
    this.#hasBegunLost = this.#isLost;
    this.#framing = replyFraming(head, request.httpMethod);
    this.#reader = new BodyReader(this.#framing);
    const session = head.get("mcp-session-id");
    if (session !== undefined && request.hasMethod("initialize")) {
      host.link.sessions.recordStart(session, host.link.nextEvent());
    }
    if (this.#isLost) {
      if (head.isEventStream && request.callIds.length > 0) this.#lostEvents = new EventSplitter();
      // A GET stream has no end to wait for.
      else if (head.isEventStream) this.#lose();
      return;
    }
    const { sessions } = host.link;
    const armed = toxics.filter((toxic) => host.link.isArmed(toxic));
    const delays = plan.replyDelays.filter(({ toxic }) => armed.includes(toxic));
    const faults = selectReplyFaults(armed, { head, framing: this.#framing }, request);
    for (const { toxic, ms } of delays) {
      host.hit(toxic, `reply delayed by ${Math.round(ms)} ms`, request);
      outbox.wait(ms, toxic);
    }
    if (faults.length === 0) return;
    this.#body = new ReplyBody({
      request,
      head,
      framing: this.#framing,
      isHttp10,
      outbox,
      faults: faults.map(({ toxic, make }) => ({ toxic, make: (context) => make(context, sessions) })),
      isArmed: (toxic) => host.link.isArmed(toxic),
      hit: (toxic, effect) => host.hit(toxic, effect, request),
      cut: () => outbox.act(() => host.close()),
    });
  }

  #readBody(reader: BodyReader, bytes: Buffer, headLength: number): Buffer {
    if (this.#isOver) return bytes;
    const body = headLength === 0 ? bytes : bytes.subarray(headLength);
    const splitter = this.#lostEvents;
    const taken = reader.read(body, (payload) => {
      this.#body?.payload(payload);
      if (splitter?.push(payload).some((event) => this.#answersCall(event))) this.#lose();
    });
    const isUntouched = !this.#body && !this.#isLost;
    if (isUntouched) this.#parts.outbox.bytes(bytes.subarray(0, headLength + taken));
    if (reader.isDone && !this.#isOver) {
      if (this.#isLost) this.#lose();
      else this.#finish(reader.trailers);
    }
    return body.subarray(taken);
  }

  #answersCall(event: Buffer): boolean {
    const message = parseJson(eventData(event) ?? "");
    const replies = Array.isArray(message) ? message : [message];
    return replies.some((reply) => isObject(reply) && !("method" in reply) && ("result" in reply || "error" in reply));
  }

  #lose(): void {
    const { host, plan, request } = this.#parts;
    if (this.#isOver || !plan.end) return;
    this.#isOver = true;
    host.hit(plan.end.toxic, plan.end.effect, request);
    host.reset();
  }

  #finish(trailers: string): void {
    this.#isOver = true;
    this.#body?.finish(trailers);
    this.#parts.outbox.act(this.#parts.done);
  }
}
