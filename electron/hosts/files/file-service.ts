import { randomUUID } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Upload } from "../../contract/bundles.ts";
import { LIMITS } from "../../lab/bundles/format.ts";
import { LabError } from "../../lab/lab-error.ts";

/** Maximum number of pending files; beyond it the oldest is dropped. */
const HELD = 8;
const LIFETIME_MS = 30 * 60_000;
const NAME_LIMIT = 120;

interface Held {
  file: string;
  fileName: string;
  /** Created by the service and removed with its entry; a person's own file is only read. */
  isOurs: boolean;
  timer: NodeJS.Timeout;
}

/**
 * Files in transit between a person and the engine, known to the page by a random id: the page sends content or requests
 * a dialog, and never names a path.
 */
export class FileService {
  /** Created with the first file: a lab that was only viewed leaves nothing behind, however it ends. */
  #folder: string | undefined;
  readonly #held = new Map<string, Held>();
  readonly #limitBytes: number;

  constructor(limitBytes: number = LIMITS.fileBytes) {
    this.#limitBytes = limitBytes;
  }

  /** Reserves a path for a file that the engine will write; `offer` makes it available by id once written. */
  reserve(): { file: string; offer: (fileName: string) => string } {
    this.#folder ??= mkdtempSync(join(tmpdir(), "resilience-lab-files-"));
    const file = join(this.#folder, randomUUID());
    return { file, offer: (fileName) => this.#hold({ file, fileName: plainName(fileName), isOurs: true }) };
  }

  /** Receives an upload. @throws LabError when it exceeds the size of a bundle; nothing of it is kept then */
  async receive(body: AsyncIterable<Uint8Array>, fileName: string): Promise<Upload> {
    const { file, offer } = this.reserve();
    try {
      await pipeline(body, this.#bounded(), createWriteStream(file, { mode: 0o600 }));
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    const { size: bytes } = await stat(file);
    return { upload: offer(fileName), fileName: plainName(fileName), bytes };
  }

  /** Registers a file that a person chose in a dialog. */
  async adopt(file: string): Promise<Upload> {
    const { size: bytes } = await stat(file);
    const fileName = plainName(basename(file));
    return { upload: this.#hold({ file, fileName, isOurs: false }), fileName, bytes };
  }

  /** @throws LabError for an unknown or expired id */
  find(id: string): { file: string; fileName: string } {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    throw new LabError("bad-input", "this file is no longer available", { hint: "choose it again" });
  }

  /** Returns a file once. The caller removes it after sending, if the service created it. */
  take(id: string): { file: string; fileName: string; discard: () => Promise<void> } | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    this.#held.delete(id);
    clearTimeout(held.timer);
    const { file, fileName, isOurs } = held;
    return { file, fileName, discard: async () => void (isOurs && (await rm(file, { force: true }))) };
  }

  close(): void {
    for (const { timer } of this.#held.values()) clearTimeout(timer);
    this.#held.clear();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  #hold(file: Omit<Held, "timer">): string {
    const id = randomUUID();
    const drop = (dropped: string) => void this.take(dropped)?.discard();
    this.#held.set(id, { ...file, timer: setTimeout(() => drop(id), LIFETIME_MS).unref() });
    const [oldest] = this.#held.keys();
    if (this.#held.size > HELD && oldest !== undefined) drop(oldest);
    return id;
  }

  #bounded(): Transform {
    const limit = this.#limitBytes;
    let bytes = 0;
    return new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        bytes += chunk.byteLength;
        if (bytes <= limit) return done(null, chunk);
        const megabytes = Math.floor(limit / 1_000_000);
        done(new LabError("bad-input", `the file is larger than ${megabytes} MB, which no bundle is`));
      },
    });
  }
}

/** A file name that is safe to show and suggest: no folders, no control characters. */
export function plainName(name: string): string {
  const plain = name
    .replaceAll(/[^\p{L}\p{N}._ ()-]/gu, "_")
    .replace(/^[. ]+/, "")
    .slice(0, NAME_LIMIT);
  return plain || "file";
}
