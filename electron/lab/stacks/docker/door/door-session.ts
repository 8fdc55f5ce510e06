import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Duplex, Readable, Writable } from "node:stream";
import { LabError } from "../../../lab-error.ts";
import { ControlStream } from "./control-stream.ts";

/** Well within the time after which a door that hears nothing ends. */
const PING_INTERVAL_MS = 10_000;
const WINDOW_BYTES = 1024 * 1024;
/** Node refuses further streams beyond it; its default of 10 is ten slow readers with a full window each. */
const SESSION_MEGABYTES = 512;

/** An address in the engine's network. */
export interface DoorTarget {
  host: string;
  port: number;
}

/** A door's control, as resources/stack/door describes it. The door ends with it. */
export class DoorSession {
  readonly #session: ClientHttp2Session;
  readonly #pings: NodeJS.Timeout;
  /** Resolves when the door has ended, or this session was closed. */
  readonly ended: Promise<void>;

  /** @param output what the door writes @param input what it reads */
  constructor(output: Readable, input: Writable) {
    const control = new ControlStream(output, input, () => this.close());
    this.#session = connect("http://door", {
      createConnection: () => control,
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
      maxSessionMemory: SESSION_MEGABYTES,
    });
    this.#session.on("error", () => {});
    this.ended = new Promise((resolve) => this.#session.once("close", resolve));
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS);
    void this.ended.then(() => clearInterval(this.#pings));
  }

  /** Resolves once the door answers. @throws Error when it has ended */
  async ready(): Promise<void> {
    if (this.#session.destroyed) throw new Error("it has ended");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#session.ping((error) => (error === null ? resolve() : reject(error)));
    await Promise.race([promise, this.ended.then(() => Promise.reject(new Error("it has ended")))]);
  }

  /** A connection to an address. @throws LabError `unreachable` with the reason */
  dial({ host, port }: DoorTarget): Promise<Duplex> {
    return this.#open({ ":method": "CONNECT", ":authority": `${host}:${port}` }, `${host}:${port} was not reached`);
  }

  /**
   * Has the door listen on an address of its own; port 0 selects a free one. Resolves to the port.
   * @throws LabError `unreachable` with the reason when it cannot
   */
  async listen({ host, port }: DoorTarget): Promise<number> {
    const headers = { ":method": "POST", ":path": "/listen", "x-address": `${host}:${port}` };
    const { answer, stream } = await this.#ask(headers);
    stream?.close();
    if (Number(answer[":status"]) === 204) return Number(answer["x-port"]);
    throw failure(`the lab's door cannot listen on ${host}:${port}`, answer);
  }

  /**
   * The next connection to an address on which the door {@link listen}s. Another `accept` gets the one after it.
   * @throws LabError `unreachable` when the door has ended
   */
  accept({ host, port }: DoorTarget): Promise<Duplex> {
    const headers = { ":method": "POST", ":path": "/accept", "x-address": `${host}:${port}` };
    return this.#open(headers, `no connection to ${host}:${port}`);
  }

  close(): void {
    this.#session.destroy();
  }

  async #open(headers: OutgoingHttpHeaders, failed: string): Promise<ClientHttp2Stream> {
    const { stream, answer } = await this.#ask(headers);
    if (stream !== undefined && Number(answer[":status"]) === 200) return stream;
    stream?.close();
    throw failure(failed, answer);
  }

  async #ask(headers: OutgoingHttpHeaders): Promise<{ stream?: ClientHttp2Stream; answer: IncomingHttpHeaders }> {
    if (this.#session.destroyed || this.#session.closed) return { answer: {} };
    const stream = this.#session.request(headers, { endStream: false });
    stream.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<IncomingHttpHeaders>();
    stream.once("response", resolve).once("close", () => resolve({}));
    return { stream, answer: await promise };
  }

  #ping(): void {
    if (!this.#session.destroyed) this.#session.ping(() => {});
  }
}

function failure(what: string, answer: IncomingHttpHeaders): LabError {
  return new LabError("unreachable", `${what}: ${answer["x-reason"] ?? "the lab's door has ended"}`);
}
