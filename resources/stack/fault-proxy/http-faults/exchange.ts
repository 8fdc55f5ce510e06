/** One request and its reply, from the request's first byte to the reply's last. */
import { limits } from "../limits.ts";
import { BadMessage } from "../parsing/bad-message.ts";
import { BodyReader, type Framing, requestFraming } from "../parsing/body-reader.ts";
import { HeadReader } from "../parsing/head-reader.ts";
import { isRequestLine, RequestHead } from "../parsing/message-head.ts";
import { carriesJson, RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import { type Answer, answerBytes, endsConnection } from "./answers.ts";
import type { LayerHost } from "./layer-host.ts";
import { Reply } from "./reply.ts";
import { ReplyOutbox } from "./reply-outbox.ts";
import { type Delay, planRequest, type RequestPlan } from "./request-plan.ts";
import { readsReplies } from "./select-reply-faults.ts";

/** The handling of request bytes: kept until decided, kept for a delay, passed on, or dropped. */
type Disposition = "undecided" | "delayed" | "forwarded" | "dropped";

const nothing = Buffer.alloc(0);

export interface ExchangeOwner {
  /** The request was passed to the upstream, or never will be. */
  requestSettled(): void;
  /** Both request and reply are complete. */
  done(): void;
  /** The connection switches to another protocol. */
  becameTunnel(): void;
}

export class Exchange {
  readonly #host: LayerHost;
  readonly #owner: ExchangeOwner;
  readonly #headReader = new HeadReader(isRequestLine);
  readonly #outbox: ReplyOutbox;
  readonly #toxics: readonly Toxic[];
  #head: RequestHead | undefined;
  #reader: BodyReader | undefined;
  #disposition: Disposition = "undecided";
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #payload: Buffer[] | undefined;
  #payloadBytes = 0;
  #delays: Delay[] = [];
  #timer: NodeJS.Timeout | undefined;
  #proceed: () => void = () => {};
  #reply: Reply | undefined;
  #isReplyDone = false;
  #hasClientEnded = false;
  #isDone = false;

  constructor(host: LayerHost, owner: ExchangeOwner) {
    this.#host = host;
    this.#owner = owner;
    this.#toxics = host.link.httpToxics().filter((toxic) => toxic.meetsConnection(host.connection));
    this.#outbox = new ReplyOutbox(
      (bytes) => host.toClient(bytes),
      () => host.settle(),
    );
  }

  get isUndecided(): boolean {
    return this.#disposition === "undecided";
  }

  get isRequestDone(): boolean {
    return this.#reader?.isDone === true && !this.isUndecided;
  }

  /** The whole request was passed to the upstream, or never will be. */
  get isRequestSettled(): boolean {
    const isThere = this.#reader?.isDone === true || this.#hasClientEnded;
    return isThere && (this.#disposition === "forwarded" || this.#disposition === "dropped");
  }

  get expectsReply(): boolean {
    return this.#reply !== undefined && !this.#isReplyDone;
  }

  get holdsClient(): boolean {
    return this.#disposition === "delayed" && this.#keptBytes > limits.heldPerLaneWhenCrowded;
  }

  get holdsServer(): boolean {
    return this.#outbox.held > limits.heldReplyBytes;
  }

  /** Consumes the request's bytes and returns the rest. Throws BadMessage. */
  readClient(chunk: Buffer): Buffer {
    if (this.#reader) return this.#readBody(chunk);
    const read = this.#headReader.read(chunk);
    if (!read) return nothing;
    const rest = read.bytes.subarray(read.headLength);
    // Kept before parsing: also an invalid request, and the bytes after it, must reach the upstream.
    this.#keep(read.bytes.subarray(0, read.headLength));
    this.#orTake(rest, () => this.#begin(new RequestHead(read.bytes.toString("latin1", 0, read.headLength))));
    return this.#readBody(rest);
  }

  /** Returns the rest. Throws BadMessage. */
  readServer(chunk: Buffer): Buffer {
    return this.#reply?.read(chunk) ?? chunk;
  }

  /** Upstream bytes outside a reply. Sent after the client's pending data. */
  passOn(bytes: Buffer): void {
    this.#outbox.bytes(bytes);
  }

  /** The client has ended its side: the request is not continued. */
  clientEnded(): void {
    this.#hasClientEnded = true;
    this.#checkDone();
  }

  /** Passes the upstream's end to the client after its pending data. */
  serverEnded(passOn: () => void): void {
    if (this.expectsReply) this.#reply?.upstreamEnded();
    this.#outbox.act(passOn);
  }

  /** Closes the connection after the client's pending data is sent. */
  closeWhenSent(): void {
    clearTimeout(this.#timer);
    this.#outbox.act(() => this.#host.close());
  }

  /** Request bytes that were read and not passed on; undefined if the request is not for the upstream. */
  unsentRequest(): Buffer | undefined {
    clearTimeout(this.#timer);
    if (this.#disposition === "dropped") return undefined;
    return Buffer.concat([...this.#kept, this.#headReader.collected]);
  }

  unsentReply(): Buffer | undefined {
    return this.#reply ? this.#reply.unsent() : this.#outbox.held > 0 ? undefined : nothing;
  }

  /** The toxic was removed: what it delays or stalls continues. */
  release(toxic: Toxic): void {
    const [current] = this.#delays;
    this.#delays = this.#delays.filter((delay) => delay.toxic !== toxic);
    if (this.#disposition === "delayed" && current?.toxic === toxic) this.#waitNext();
    this.#outbox.release(toxic);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#outbox.dispose();
  }

  #begin(head: RequestHead): void {
    if (head.method === "CONNECT") throw new BadMessage("a tunnel");
    const framing = requestFraming(head);
    this.#head = head;
    this.#reader = new BodyReader(framing);
    // A client that waits for "100 Continue" would deadlock if its request were kept until the body arrives.
    const waits = head.get("expect") !== undefined;
    if (carriesJson(head) && !waits && isShort(framing)) this.#payload = [];
    else this.#decide();
  }

  #readBody(chunk: Buffer): Buffer {
    const reader = this.#reader;
    if (!reader) return nothing;
    const collected = this.#payload;
    const onPayload = (piece: Buffer) => {
      collected?.push(piece);
      this.#payloadBytes += piece.length;
    };
    const taken = this.#orTake(chunk, () => reader.read(chunk, onPayload));
    if (taken > 0) this.#take(chunk.subarray(0, taken));
    if (this.#disposition === "undecided" && (reader.isDone || this.#payloadBytes > limits.inspectedRequestBytes)) {
      this.#decide(reader.isDone && collected ? Buffer.concat(collected) : undefined);
      this.#payload = undefined;
    }
    if (reader.isDone) this.#checkDone();
    return chunk.subarray(taken);
  }

  #orTake<Value>(bytes: Buffer, read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      this.#take(bytes);
      throw error;
    }
  }

  #take(bytes: Buffer): void {
    if (this.#disposition === "forwarded") this.#host.toServer(bytes);
    else if (this.#disposition !== "dropped") this.#keep(bytes);
  }

  #keep(bytes: Buffer): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
  }

  #decide(payload?: Buffer): void {
    const head = this.#head;
    if (!head) return;
    const request = new RequestInfo(head, payload);
    const plan = planRequest(this.#toxics, request, this.#host.link.sessions);
    this.#editHead(head, request);
    this.#delays = plan.requestDelays;
    for (const { toxic, ms } of plan.requestDelays) {
      this.#host.hit(toxic, `request delayed by ${Math.round(ms)} ms`, request);
    }
    this.#proceed = () => this.#carryOut(head, request, plan);
    this.#disposition = "delayed";
    this.#waitNext();
  }

  #waitNext(): void {
    clearTimeout(this.#timer);
    const [delay] = this.#delays;
    if (delay) {
      this.#timer = setTimeout(() => {
        this.#delays.shift();
        this.#waitNext();
      }, delay.ms);
    } else {
      this.#proceed();
    }
  }

  #carryOut(head: RequestHead, request: RequestInfo, plan: RequestPlan): void {
    const { end } = plan;
    // The toxic was removed while the request was held: pass the request on.
    const isEnded = end !== undefined && this.#host.link.isArmed(end.toxic);
    if (isEnded && typeof end.how === "object") {
      this.#host.hit(end.toxic, end.effect, request);
      for (const { toxic, ms } of plan.replyDelays) {
        this.#host.hit(toxic, `reply delayed by ${Math.round(ms)} ms`, request);
        this.#outbox.wait(ms, toxic);
      }
      this.#answer(end.how.answer, head);
    } else if (isEnded && end.how === "loseRequest") {
      this.#drop();
      this.#host.hit(end.toxic, end.effect, request);
      this.#host.reset();
    } else {
      this.#forward(head, request, plan);
    }
  }

  #answer(answer: Answer, head: RequestHead): void {
    this.#drop();
    const closes = endsConnection(head);
    this.#outbox.bytes(answerBytes(answer, head.method === "HEAD", closes));
    this.#outbox.act(() => (closes ? this.#host.close() : this.#replyDone()));
    this.#checkSettled();
  }

  #forward(head: RequestHead, request: RequestInfo, plan: RequestPlan): void {
    this.#disposition = "forwarded";
    const kept = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#reply = new Reply({
      host: this.#host,
      request,
      plan,
      isHttp10: head.isHttp10,
      toxics: this.#toxics,
      outbox: this.#outbox,
      done: () => this.#replyDone(),
      becameTunnel: () => this.#owner.becameTunnel(),
    });
    this.#host.toServer(kept);
    this.#host.settle();
    this.#checkSettled();
  }

  #drop(): void {
    this.#disposition = "dropped";
    this.#kept = [];
    this.#keptBytes = 0;
  }

  /** Faults that read replies need them uncompressed; a rotated session id is translated back. */
  #editHead(head: RequestHead, request: RequestInfo): void {
    const reads = this.#toxics.some(readsReplies) && head.get("accept-encoding") !== undefined;
    if (reads) head.set("Accept-Encoding", "identity");
    const shown = request.sessionId;
    const real = shown === undefined ? undefined : this.#host.link.sessions.realOf(shown);
    const isRotated = real !== shown && this.#toxics.some(({ type }) => type === "session_rotated");
    if (isRotated && real !== undefined) head.set("Mcp-Session-Id", real);
    if (reads || isRotated) this.#kept[0] = head.toBuffer();
  }

  #replyDone(): void {
    this.#isReplyDone = true;
    this.#checkDone();
  }

  #checkSettled(): void {
    if (this.isRequestSettled) this.#owner.requestSettled();
  }

  #checkDone(): void {
    if (this.#isDone || !this.#isReplyDone || !this.isRequestSettled) return;
    this.#isDone = true;
    this.#owner.done();
  }
}

function isShort(framing: Framing): boolean {
  return framing.kind !== "length" || framing.bytes <= limits.inspectedRequestBytes;
}
