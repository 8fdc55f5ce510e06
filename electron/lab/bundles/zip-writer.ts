import { createHash, type Hash } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import type { DuplexOptions, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  crc32,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  inflateRawSync,
  type ZlibOptions,
} from "node:zlib";
import type { BundleLimits, ManifestEntry } from "./format.ts";
import { centralDirectory, localHeader, type PackedEntry } from "./zip-format.ts";

/** Minimum size of a chunk of text: large enough to be cheap, and always cut at the same positions. */
const CHUNK_CHARS = 64 * 1024;

/** Chunks that may wait for their thread, so that the producer does not wait for each. */
const PACKING: ZlibOptions & DuplexOptions = { chunkSize: 64 * 1024, writableHighWaterMark: 1024 * 1024 };

/** A text entry that is being written; hashed and counted. */
export interface TextSink {
  /** Buffers the text, or returns a promise to await when a chunk is full. */
  write(text: string): Promise<void> | undefined;
  end(): Promise<void>;
}

type Entry = PackedEntry & ({ packed: Buffer } | { file: string });

/**
 * Writes a reproducible zip: its entries are in the order in which they were opened, without times or machine data. Entries
 * are written concurrently: each is compressed in its own thread into a scratch folder, and the zip is assembled from these
 * files. (yazl compresses one entry after another, and a run's files are written at the same time.)
 */
export class ZipWriter {
  readonly #entries: { declared: ManifestEntry; entry: Entry }[] = [];
  readonly #scratchFolder: string;
  readonly #limits: BundleLimits;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #streams = new Set<Readable | Writable>();

  constructor(scratchFolder: string, limits: BundleLimits, signal: AbortSignal) {
    this.#scratchFolder = scratchFolder;
    this.#limits = limits;
    this.#signal = AbortSignal.any([signal, this.#failed.signal]);
  }

  /** The entries so far, for the manifest. */
  declared(): ManifestEntry[] {
    return this.#entries.map(({ declared }) => declared);
  }

  /** An entry that is written in parts, also concurrently with others. */
  open(path: string): TextSink {
    const file = join(this.#scratchFolder, `${this.#entries.length}.packed`);
    const declared = { path, bytes: 0, sha256: "" };
    const entry = { path, crc32: 0, bytes: 0, packedBytes: 0, isPacked: true, file };
    this.#entries.push({ declared, entry });
    const deflate = this.#watched(createDeflateRaw(PACKING));
    const out = this.#watched(createWriteStream(file));
    deflate.pipe(out);
    return new PackingSink(declared, entry, deflate, out, this.#signal);
  }

  add(path: string, text: string): void {
    const bytes = Buffer.from(text);
    const packed = deflateRawSync(bytes);
    const declared = { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    const entry = {
      path,
      crc32: crc32(bytes),
      bytes: bytes.length,
      packedBytes: packed.length,
      isPacked: true,
      packed,
    };
    this.#entries.push({ declared, entry });
  }

  /** Resolves when `out` has received the last byte and was ended. */
  async finish(out: Writable): Promise<void> {
    await pipeline(this.#bytes(), out, { signal: this.#signal });
  }

  /** Closes the files in the scratch folder after an error. */
  abandon(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async *#bytes(): AsyncGenerator<Buffer> {
    let offset = 0;
    const offsets: number[] = [];
    const entries = this.#entries.map(({ entry }) => (this.#isTooDense(entry) ? unpacked(entry) : entry));
    for (const entry of entries) {
      offsets.push(offset);
      const header = localHeader(entry);
      yield header;
      offset += header.length + entry.packedBytes;
      if ("packed" in entry) yield entry.isPacked ? entry.packed : inflateRawSync(entry.packed);
      else yield* this.#scratch(entry.file, entry.isPacked);
    }
    yield centralDirectory(entries, offsets, offset);
  }

  /** An entry that compresses better than a reader accepts is stored: an import would take it for a zip bomb. */
  #isTooDense({ bytes, packedBytes }: Entry): boolean {
    return bytes > this.#limits.denseBytes && bytes > packedBytes * this.#limits.ratio;
  }

  async *#scratch(file: string, isPacked: boolean): AsyncGenerator<Buffer> {
    const stream = this.#watched(createReadStream(file));
    for await (const chunk of isPacked ? stream : stream.pipe(this.#watched(createInflateRaw()))) yield chunk as Buffer;
  }

  #watched<Stream extends Readable | Writable>(stream: Stream): Stream {
    this.#streams.add(stream);
    const events: EventEmitter = stream;
    events.on("error", (error) => this.#failed.abort(error));
    events.on("close", () => this.#streams.delete(stream));
    return stream;
  }
}

function unpacked(entry: Entry): Entry {
  return { ...entry, isPacked: false, packedBytes: entry.bytes };
}

class PackingSink implements TextSink {
  readonly #declared: ManifestEntry;
  readonly #entry: PackedEntry;
  readonly #deflate: DeflateRaw;
  readonly #out: WriteStream;
  readonly #signal: AbortSignal;
  readonly #hash: Hash = createHash("sha256");
  #text = "";

  constructor(declared: ManifestEntry, entry: PackedEntry, deflate: DeflateRaw, out: WriteStream, signal: AbortSignal) {
    this.#declared = declared;
    this.#entry = entry;
    this.#deflate = deflate;
    this.#out = out;
    this.#signal = signal;
  }

  write(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length < CHUNK_CHARS ? undefined : this.#give();
  }

  async end(): Promise<void> {
    if (this.#text !== "") await this.#give();
    const closed = this.#orFailed(once(this.#out, "close", { signal: this.#signal }));
    this.#deflate.end();
    await closed;
    this.#declared.sha256 = this.#hash.digest("hex");
    this.#declared.bytes = this.#entry.bytes;
    this.#entry.packedBytes = this.#out.bytesWritten;
  }

  async #give(): Promise<void> {
    this.#signal.throwIfAborted();
    const chunk = Buffer.from(this.#text);
    this.#text = "";
    this.#hash.update(chunk);
    this.#entry.crc32 = crc32(chunk, this.#entry.crc32);
    this.#entry.bytes += chunk.length;
    if (this.#deflate.write(chunk)) return;
    await this.#orFailed(once(this.#deflate, "drain", { signal: this.#signal }));
  }

  /** The original error instead of the resulting abort. */
  #orFailed(waiting: Promise<unknown>): Promise<unknown> {
    return waiting.catch((error: unknown) => {
      this.#signal.throwIfAborted();
      throw error;
    });
  }
}
