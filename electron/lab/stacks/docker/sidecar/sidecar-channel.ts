import { once } from "node:events";
import type { Duplex } from "node:stream";
import { isObject, parseJson } from "../../../../model/json.ts";
import { LabError } from "../../../lab-error.ts";
import type { AskProxy } from "../../link-sidecars.ts";
import { LogFrames } from "../log-frames.ts";

/** A reply of the proxy: all of its toxics, or a page of its hits. */
const LONGEST_LINE_CHARS = 8 * 1024 * 1024;
const ANSWER_LIMIT_MS = 2_000;

/** What a sidecar says last. */
export interface SidecarEnd {
  why: string;
  /** Whether it has removed its rules; false when it was killed. */
  isRemoved: boolean;
}

/** Takes what the sidecar reports by itself. */
export interface RecordTaker {
  takeHit(hit: unknown): void;
  takeCall(call: unknown): void;
}

type Reply = Awaited<ReturnType<AskProxy>>;

/** The control of a sidecar over its standard streams, a JSON object a line. The sidecar ends when it is lost. */
export class SidecarChannel {
  readonly #stream: Duplex;
  readonly #records: RecordTaker;
  readonly #replies = new Map<string, (reply: Reply) => void>();
  readonly #ready = Promise.withResolvers<void>();
  #asked = 0;
  #lastWords: SidecarEnd = { why: "its sidecar was killed or removed", isRemoved: false };
  #lastError = "";
  /** Resolves when the sidecar has ended, or the stream was closed. */
  readonly ended: Promise<SidecarEnd>;

  /** @param stream the attached, hijacked connection */
  constructor(stream: Duplex, records: RecordTaker) {
    this.#stream = stream;
    this.#records = records;
    this.#ready.promise.catch(() => {});
    const take = (from: "stdout" | "stderr", line: string) => {
      if (from === "stdout") this.#take(line);
      else this.#lastError = line;
    };
    const frames = new LogFrames(false, take, LONGEST_LINE_CHARS);
    stream.on("data", (chunk: Buffer) => frames.write(chunk));
    stream.on("error", () => {});
    this.ended = once(stream, "close").then(() => this.#end());
    // The engine half-closes the connection when the container has ended.
    stream.once("end", () => stream.destroy());
  }

  /** Sends a request to the proxy of the link. */
  readonly ask: AskProxy = (method, path, body) => this.#request({ ask: { method, path, body } });

  /** Has the proxy read the calls on its link, which are reported from now on. @param bodiesOf the link, with its bodies */
  async followCalls(bodiesOf: string | undefined): Promise<void> {
    const query = bodiesOf === undefined ? "" : `?bodies=${encodeURIComponent(bodiesOf)}`;
    await this.#request({ follow: `/wire/stream${query}` });
  }

  async #request(request: object): Promise<Reply> {
    this.#asked += 1;
    // Several processes may be attached to one sidecar.
    const id = `${process.pid}-${this.#asked}`;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#replies.set(id, resolve);
    this.#send({ id, ...request });
    let late: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        promise,
        this.ended.then(({ why }) => Promise.reject(new Error(why))),
        new Promise<never>((_resolve, reject) => {
          late = setTimeout(() => reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)), ANSWER_LIMIT_MS);
        }),
      ]);
    } finally {
      clearTimeout(late);
      this.#replies.delete(id);
    }
  }

  /** Resolves once the rules are set. @throws LabError `unsupported` with the reason when they could not be */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** The sidecar lives at least this long from now. */
  prolong(ms: number): void {
    this.#send({ prolong: Math.ceil(ms) });
  }

  /** Resolves when the sidecar has ended. */
  stop(): Promise<SidecarEnd> {
    this.#send({ stop: true });
    return this.ended;
  }

  /** Lets go of a sidecar that lives on by itself. */
  detach(): void {
    this.#stream.destroy();
  }

  #send(message: object): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  #take(line: string): void {
    const message = parseJson(line);
    if (!isObject(message)) return;
    if (message.ready === true) this.#ready.resolve();
    else if ("hit" in message) this.#records.takeHit(message.hit);
    else if ("call" in message) this.#records.takeCall(message.call);
    else if ("ended" in message) {
      this.#lastWords = { why: String(message.problem ?? message.ended), isRemoved: message.removed === true };
    } else if (typeof message.status === "number") {
      this.#replies.get(String(message.id))?.({ status: message.status, body: String(message.body) });
    }
  }

  #end(): SidecarEnd {
    const { why, isRemoved } = this.#lastWords;
    const more = isRemoved || this.#lastError === "" ? "" : ` (${this.#lastError})`;
    this.#ready.reject(new LabError(isRemoved ? "unsupported" : "internal", `${why}${more}`));
    return this.#lastWords;
  }
}
