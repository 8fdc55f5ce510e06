/**
 * Identifies the request that a byte-level toxic affected. Nothing is parsed before a hit requires it; only the client's
 * first bytes since the server's last are kept, and only while a toxic is armed.
 */
import { limits } from "../limits.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import { sniffRequest } from "../parsing/sniff.ts";

export class RequestSniffer {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #serverSpoke = true;

  fromClient(chunk: Buffer): void {
    if (this.#serverSpoke) {
      this.#serverSpoke = false;
      this.#chunks = [];
      this.#bytes = 0;
    }
    if (this.#bytes >= limits.sniffedBytes) return;
    const remembered = chunk.subarray(0, limits.sniffedBytes - this.#bytes);
    this.#chunks.push(remembered);
    this.#bytes += remembered.length;
  }

  fromServer(): void {
    this.#serverSpoke = true;
  }

  info(): RequestInfo | undefined {
    return this.#bytes === 0 ? undefined : sniffRequest(Buffer.concat(this.#chunks));
  }
}
