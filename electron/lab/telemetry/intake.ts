import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { messageOf } from "../lab-error.ts";
import type { OtlpSignal } from "../trace-files/otlp-protobuf.ts";
import { MalformedExport, type OtlpExport, type OtlpFormat, readExport } from "./otlp-export.ts";

/** Bytes of one request, compressed or not. */
export const BODY_LIMIT = 16 * 1024 * 1024;
/** Bytes of all requests that are being received or wait to be read; a further one is to be sent again later. */
const WAITING_LIMIT = 64 * 1024 * 1024;

const unpack = promisify(gunzip);

/** Why a request is refused, as HTTP status and gRPC code: https://opentelemetry.io/docs/specs/otlp/#failures */
export type Refusal = "malformed" | "too large" | "busy";

export class RefusedExport extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** What became of the records of a request. */
export interface Accepted {
  /** Records that were not taken. */
  rejected: number;
  /** Why, for the exporter's log; empty when all were taken. */
  message: string;
}

/** Takes what was read. @returns what it does not take */
export type TakeExport = (received: OtlpExport) => Accepted;

export interface IntakeCounts {
  requests: number;
  refused: number;
  spans: number;
  logs: number;
  points: number;
  /** Records that could not be read, or were not taken. */
  rejected: number;
}

/** Reads the requests of all receivers, one at a time, with a bound on those that wait. */
export class Intake {
  readonly counts: IntakeCounts = { requests: 0, refused: 0, spans: 0, logs: 0, points: 0, rejected: 0 };
  readonly #take: TakeExport;
  #waitingBytes = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(take: TakeExport) {
    this.#take = take;
  }

  /**
   * Reserves room for a body that is about to be received, in bytes. @returns releases it; call once.
   * @throws RefusedExport `busy` or `too large`
   */
  reserve(bytes: number): () => void {
    this.counts.requests++;
    if (bytes > BODY_LIMIT) throw this.refused("too large", `the body has ${bytes} bytes: ${LIMIT_TEXT}`);
    if (this.#waitingBytes + bytes > WAITING_LIMIT) {
      throw this.refused("busy", `${this.#waitingBytes} bytes wait to be read; send it again later`);
    }
    this.#waitingBytes += bytes;
    return () => {
      this.#waitingBytes -= bytes;
    };
  }

  /** Counts a refusal. */
  refused(refusal: Refusal, message: string): RefusedExport {
    this.counts.refused++;
    return new RefusedExport(refusal, message);
  }

  /** Reads a whole body after those that wait. @throws RefusedExport */
  async take(signal: OtlpSignal, format: OtlpFormat, body: Uint8Array, isGzip: boolean): Promise<Accepted> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      const content = isGzip ? await this.#unpacked(body) : body;
      // A large body takes this thread for a while: what else waits comes in between.
      await new Promise(setImmediate);
      return this.#accept(readExport(signal, format, content));
    } catch (error) {
      if (error instanceof MalformedExport) throw this.refused("malformed", error.message);
      throw error;
    } finally {
      resolve();
    }
  }

  async #unpacked(body: Uint8Array): Promise<Uint8Array> {
    try {
      return await unpack(body, { maxOutputLength: BODY_LIMIT });
    } catch (error) {
      if (error instanceof RangeError) throw this.refused("too large", `the unpacked body is too large: ${LIMIT_TEXT}`);
      throw this.refused("malformed", `the body cannot be unpacked: ${messageOf(error)}`);
    }
  }

  #accept(received: OtlpExport): Accepted {
    const { spans, logs, points, problems } = received;
    this.counts.spans += spans.length;
    this.counts.logs += logs.length;
    this.counts.points += points;
    const taken = this.#take(received);
    const rejected = taken.rejected + problems.length;
    this.counts.rejected += rejected;
    const reasons = [...(taken.message === "" ? [] : [taken.message]), ...problems.slice(0, 3)];
    if (problems.length > 3) reasons.push(`and ${problems.length - 3} more`);
    return { rejected, message: reasons.join("; ") };
  }
}

const LIMIT_TEXT = `at most ${BODY_LIMIT} bytes are taken; send smaller batches`;
