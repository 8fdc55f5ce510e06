/** One exchange while it is read: what is known of the request, of the reply, and of the answers to its JSON-RPC calls. */
import { isObject, parseJson } from "../../http/json.ts";
import { limits } from "../limits.ts";
import { EventSplitter, eventData, eventLines } from "../parsing/event-splitter.ts";
import { isEventStream } from "../parsing/message-head.ts";
import type { QuickReplyHead, QuickRequestHead } from "../parsing/quick-head.ts";
import { carriesJson, RequestInfo, type RpcId } from "../parsing/request-info.ts";
import { BodyText } from "./body-text.ts";
import type { EventSessions, EventStream, Waiting } from "./event-sessions.ts";
import type { WireCall } from "./wire-call.ts";

export interface ExchangeStart {
  id: string;
  link: string;
  connection: number;
  /** When the request's first byte came, on the monotonic clock. */
  atMs: number;
  /** The same in milliseconds since the epoch. */
  wallMs: number;
  wantsBodies: boolean;
}

export class Exchange implements Waiting {
  readonly start: ExchangeStart;
  readonly head: QuickRequestHead;
  readonly #sessions: EventSessions;
  readonly #ended: (exchange: Exchange) => void;
  readonly #hasJson: boolean;
  readonly #requestText: BodyText;
  #replyText: BodyText | undefined;
  #info: RequestInfo | undefined;
  #unanswered = new Set<string>();
  #requestBytes = 0;
  #replyBytes = 0;
  #reply: QuickReplyHead | undefined;
  #sessionId: string | undefined;
  #firstByteMs: number | undefined;
  #endMs: number | undefined;
  #cut: string | undefined;
  #toxics: Set<string> | undefined;
  #events = 0;
  #splitter: EventSplitter | undefined;
  /** The stream that the reply is, in which the answers to other requests may come. */
  #stream: EventStream | undefined;
  /** The stream in which the answers to this request come. */
  #answersIn: EventStream | undefined;
  #isReplyDone = false;
  #isStream = false;
  #isReadable = true;
  #rpcError: { code: number; message: string } | undefined;
  #isError = false;

  /** @param ended called once, with its last byte or answer, or when neither is to come */
  constructor(
    start: ExchangeStart,
    head: QuickRequestHead,
    sessions: EventSessions,
    ended: (exchange: Exchange) => void,
  ) {
    this.start = start;
    this.head = head;
    this.#sessions = sessions;
    this.#ended = ended;
    this.#hasJson = carriesJson(head);
    this.#requestText = new BodyText(this.#hasJson ? limits.inspectedRequestBytes : shownBytes(start));
  }

  get hasEnded(): boolean {
    return this.#endMs !== undefined;
  }

  met(toxic: string): void {
    this.#toxics ??= new Set();
    this.#toxics.add(toxic);
  }

  requestPayload(piece: Buffer): void {
    this.#requestBytes += piece.length;
    this.#requestText.add(piece);
  }

  requestDone(): void {
    if (!this.#hasJson || this.#requestText.isCut) return;
    this.#info = new RequestInfo(this.head, this.#requestText.bytes());
    this.#unanswered = new Set(this.#info.callIds.map(keyOf));
    if (this.#unanswered.size === 0) return;
    this.#answersIn = this.#sessions.find(this.head.target);
    for (const key of this.#unanswered) this.#answersIn?.waiting.set(key, this);
  }

  replyBegan(head: QuickReplyHead, atMs: number): void {
    this.#reply = head;
    this.#firstByteMs = atMs;
    this.#sessionId = head.get("mcp-session-id");
    this.#isStream = isEventStream(head);
    const encoding = head.get("content-encoding") ?? "identity";
    this.#isReadable = encoding === "identity" && (this.#isStream || carriesJson(head));
    if (this.#isReadable && this.#isStream) {
      this.#splitter = new EventSplitter();
      this.#stream = { target: this.head.target, endpoint: undefined, waiting: new Map() };
    }
    const kept = this.#isReadable && !this.#isStream ? limits.inspectedReplyBytes : shownBytes(this.start);
    this.#replyText = new BodyText(kept);
  }

  replyPayload(piece: Buffer, atMs: number): void {
    this.#replyBytes += piece.length;
    this.#replyText?.add(piece);
    for (const event of this.#splitter?.push(piece) ?? []) this.#takeEvent(event, atMs);
  }

  /** Nothing more of the reply's content is needed. */
  get isReplyRead(): boolean {
    return this.#replyText?.isCut === true && this.#splitter === undefined;
  }

  replySkipped(bytes: number): void {
    this.#replyBytes += bytes;
  }

  replyDone(atMs: number): void {
    this.#isReplyDone = true;
    if (this.#isReadable && this.#splitter === undefined && this.#replyText?.isCut === false) {
      const parsed = parseJson(this.#replyText.bytes());
      for (const message of Array.isArray(parsed) ? parsed : [parsed]) this.#takeMessage(message, atMs);
    } else if (this.#splitter === undefined) this.#isReadable = false;
    this.#leaveStream("its event stream ended", atMs);
    // Accepted: the answer comes in another stream.
    const isAccepted = (this.#reply?.status ?? 500) < 300 && this.#answersIn !== undefined && this.#unanswered.size > 0;
    if (!isAccepted) this.end(atMs);
  }

  /** The answer to one of its calls, wherever it came. */
  answered(key: string, message: Record<string, unknown>, atMs: number): void {
    this.#unanswered.delete(key);
    const { error, result } = message;
    if (isObject(error)) this.#rpcError ??= { code: Number(error.code), message: String(error.message) };
    if (isObject(result) && result.isError === true) this.#isError = true;
    if (this.#isReplyDone && this.#unanswered.size === 0) this.end(atMs);
  }

  /** @param cut why no more of it comes; absent after its whole reply */
  end(atMs: number, cut?: string): void {
    if (this.hasEnded) return;
    this.#endMs = atMs;
    this.#cut = cut;
    this.#leaveStream(cut ?? "its event stream ended", atMs);
    for (const key of this.#unanswered) this.#answersIn?.waiting.delete(key);
    this.#ended(this);
  }

  toRecord(): WireCall {
    const { id, link, connection, atMs, wallMs } = this.start;
    const info = this.#info ?? new RequestInfo(this.head, undefined);
    const after = (ms: number): number => Math.max(0, Math.round((ms - atMs) * 1_000) / 1_000);
    const sessionId = info.sessionId ?? this.#sessionId;
    const answer = this.#answer();
    const isShown = this.start.wantsBodies;
    return {
      id,
      at: wallMs,
      link,
      connection,
      http: `${this.head.method} ${this.head.target.split("?", 1)[0]}`,
      ...info.attribution(),
      ...(sessionId !== undefined && { sessionId }),
      requestBytes: this.#requestBytes,
      replyBytes: this.#replyBytes,
      ...(this.#reply && { status: this.#reply.status }),
      ...(this.#firstByteMs !== undefined && { firstByteMs: after(this.#firstByteMs) }),
      ...(this.#endMs !== undefined && { endMs: after(this.#endMs) }),
      ...(this.#splitter && { events: this.#events }),
      ...(this.#rpcError && { rpcError: this.#rpcError }),
      ...(this.#isError && { isError: true }),
      ...(answer && { answer }),
      ...(this.#cut !== undefined && { cut: this.#cut }),
      ...(this.#toxics && { toxics: [...this.#toxics] }),
      ...(isShown && { requestBody: textOf(this.#requestText), replyBody: textOf(this.#replyText) }),
    };
  }

  #answer(): WireCall["answer"] {
    if (this.#unanswered.size === 0 || this.#endMs === undefined) return undefined;
    return this.#isReadable ? "missing" : "unread";
  }

  #takeEvent(event: Buffer, atMs: number): void {
    const data = eventData(event);
    if (data === undefined) return;
    this.#events += 1;
    if (eventLines(event).includes("event: endpoint")) {
      if (this.#stream) this.#sessions.announce(this.#stream, data);
    } else if (data.includes('"result"') || data.includes('"error"')) this.#takeMessage(parseJson(data), atMs);
  }

  #takeMessage(message: unknown, atMs: number): void {
    if (!isObject(message) || message.method !== undefined) return;
    const key = keyOf(message.id as RpcId);
    if (this.#unanswered.has(key)) this.answered(key, message, atMs);
    else this.#stream?.waiting.get(key)?.answered(key, message, atMs);
  }

  #leaveStream(why: string, atMs: number): void {
    if (!this.#stream) return;
    const { waiting } = this.#stream;
    this.#sessions.forget(this.#stream);
    this.#stream = undefined;
    for (const request of new Set(waiting.values())) request.end(atMs, why);
  }
}

function keyOf(id: RpcId): string {
  return JSON.stringify(id) ?? "";
}

function shownBytes({ wantsBodies }: ExchangeStart): number {
  return wantsBodies ? limits.wireBodyBytes : 0;
}

function textOf(body: BodyText | undefined): string {
  return body?.bytes().toString("utf8", 0, limits.wireBodyBytes) ?? "";
}
