import { createHash } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import yazl from "yazl";
import type { ManifestEntry } from "./format.ts";

/** Chunks of text of at least this size: few enough to be cheap, and always cut in the same places. */
const CHUNK_CHARS = 64 * 1024;
/** The same for every entry, in every time zone: what is in a bundle depends on its runs alone. */
const ENTRY_OPTIONS = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true, mode: 0o100644 };

/** Text on its way into the bundle. What is written is hashed and counted. */
export interface TextSink {
  /** Keeps the text, or returns a promise to wait for when enough has come together. */
  write(text: string): Promise<void> | undefined;
  end(): Promise<void>;
}

/**
 * Writes a zip whose entries have the order in which they were opened and the bytes that were given, and nothing of when
 * or where it was made. One entry is live: it is packed while it is written. The others wait in a scratch folder.
 */
export class ZipWriter {
  readonly entries: ManifestEntry[] = [];
  readonly #zip = new yazl.ZipFile();
  readonly #scratchFolder: string;
  readonly #stored: ReadonlySet<string>;
  readonly #failed = new AbortController();
  readonly #written: Promise<void>;
  /** Of the scratch folder. */
  readonly #files = new Set<Readable | Writable>();

  /** @param stored paths of entries that are not to be packed */
  constructor(out: Writable, scratchFolder: string, stored: ReadonlySet<string>, signal: AbortSignal) {
    this.#scratchFolder = scratchFolder;
    this.#stored = stored;
    this.#zip.on("error", (error) => this.#failed.abort(error));
    const source = this.#zip.outputStream as PassThrough;
    this.#written = pipeline(source, out, { signal: AbortSignal.any([signal, this.#failed.signal]) });
    this.#written.catch((error: unknown) => this.#failed.abort(error));
  }

  /** An entry that is packed as it is written. The entries that are opened after it wait until it has ended. */
  live(path: string): TextSink {
    const stream = new PassThrough({ highWaterMark: 4 * CHUNK_CHARS });
    this.#zip.addReadStream(stream, path, this.#options(path));
    return this.#sink(path, stream, () => {});
  }

  /** An entry that may be written beside others; it is packed once it has ended. */
  waiting(path: string): TextSink {
    const file = join(this.#scratchFolder, `${this.entries.length}.part`);
    const stream = this.#watched(createWriteStream(file));
    return this.#sink(path, stream, () =>
      this.#zip.addReadStreamLazy(path, this.#options(path), (give) =>
        give(null, this.#watched(createReadStream(file))),
      ),
    );
  }

  add(path: string, text: string): void {
    const bytes = Buffer.from(text);
    this.entries.push({ path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    this.#zip.addBuffer(bytes, path, this.#options(path));
  }

  /** Resolves when the last byte was taken by the stream that the zip is written to. */
  async finish(): Promise<void> {
    this.#zip.end();
    await this.#written;
  }

  /** Waits until nothing writes any more, so that what was written can be removed. */
  async abandon(reason: unknown): Promise<void> {
    this.#failed.abort(reason);
    await this.#written.catch(() => {});
    for (const stream of this.#files) stream.destroy();
  }

  #watched<Stream extends Readable | Writable>(stream: Stream): Stream {
    this.#files.add(stream);
    const events: EventEmitter = stream;
    events.on("error", (error) => this.#failed.abort(error));
    events.on("close", () => this.#files.delete(stream));
    return stream;
  }

  #options(path: string) {
    return { ...ENTRY_OPTIONS, compress: !this.#stored.has(path) };
  }

  #sink(path: string, stream: Writable, onEnd: () => void): TextSink {
    const entry: ManifestEntry = { path, bytes: 0, sha256: "" };
    this.entries.push(entry);
    const hash = createHash("sha256");
    let text = "";
    const give = async (): Promise<void> => {
      this.#failed.signal.throwIfAborted();
      const chunk = Buffer.from(text);
      text = "";
      hash.update(chunk);
      entry.bytes += chunk.length;
      if (!stream.write(chunk)) await once(stream, "drain", { signal: this.#failed.signal }).catch(this.#rethrow);
    };
    return {
      write: (more) => {
        text += more;
        return text.length < CHUNK_CHARS ? undefined : give();
      },
      end: async () => {
        if (text !== "") await give();
        entry.sha256 = hash.digest("hex");
        const closed = stream instanceof PassThrough ? Promise.resolve() : once(stream, "close");
        stream.end();
        await closed;
        onEnd();
      },
    };
  }

  /** What has gone wrong, rather than that waiting was broken off. */
  readonly #rethrow = (error: unknown): never => {
    this.#failed.signal.throwIfAborted();
    throw error;
  };
}
