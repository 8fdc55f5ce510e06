/**
 * Parses one HTTP/1.1 response from the bytes of a connection (RFC 9112). Strict where lenient parsers could disagree on
 * where a body ends; everything else than a valid response is a MalformedResponse.
 */
export interface ResponseHead {
  status: number;
  /** Names in lower case; repeated fields are joined by a comma. */
  headers: Readonly<Record<string, string>>;
}

export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer): void;
  /** The response is complete. `reusable`: the connection may carry another. */
  onComplete(reusable: boolean): void;
}

export class MalformedResponse extends Error {
  override readonly name = "MalformedResponse";
}

type State = "head" | "length" | "untilClose" | "chunkSize" | "chunkData" | "chunkEnd" | "trailers" | "done";

const headLimitBytes = 64 * 1024;
const chunkLineLimitBytes = 4 * 1024;
const nothing = Buffer.alloc(0);

export class HttpResponseParser {
  readonly #sink: ResponseSink;
  #state: State = "head";
  #rest: Buffer = nothing;
  /** Remaining bytes of the body, or of its current chunk. */
  #missing = 0;
  #keepsAlive = true;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Throws MalformedResponse. */
  push(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = nothing;
    while (input.length > 0) {
      const used = this.#step(input);
      if (used === 0) {
        this.#rest = input;
        return;
      }
      input = input.subarray(used);
    }
  }

  /** The peer has ended its side. True if that completes the response. */
  end(): boolean {
    if (this.#state !== "untilClose") return false;
    this.#finish();
    return true;
  }

  /** Number of input bytes consumed; 0 if more are needed. */
  #step(input: Buffer): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(input);
      case "length":
      case "chunkData":
        return this.#readCounted(input);
      case "untilClose":
        this.#sink.onBody(input);
        return input.length;
      case "chunkSize":
        return this.#readLine(input, (line) => this.#startChunk(line));
      case "chunkEnd":
        return this.#readLine(input, (line) => {
          if (line !== "") throw new MalformedResponse("a chunk exceeds its size");
          this.#state = "chunkSize";
        });
      case "trailers":
        return this.#readLine(input, (line) => {
          if (line === "") this.#finish();
        });
      case "done":
        throw new MalformedResponse("unexpected bytes after the response");
    }
  }

  #readHead(input: Buffer): number {
    const end = input.indexOf("\r\n\r\n");
    if (end < 0) {
      if (input.length > headLimitBytes) throw new MalformedResponse("its head is too long");
      if (!couldBeHttp(input)) throw new MalformedResponse("not HTTP");
      return 0;
    }
    const [statusLine = "", ...lines] = input.toString("latin1", 0, end).split("\r\n");
    const [, minor, digits] = /^HTTP\/1\.([01]) (\d{3})(?: .*)?$/.exec(statusLine) ?? [];
    if (digits === undefined) throw new MalformedResponse("not HTTP");
    const status = Number(digits);
    const headers = readFields(lines);
    const used = end + 4;
    if (status === 101) throw new MalformedResponse("it switches protocols without a request");
    // An interim response; the final one follows.
    if (status < 200) return used;
    const connection = headers.connection?.toLowerCase() ?? "";
    this.#keepsAlive = minor === "1" ? !connection.includes("close") : connection.includes("keep-alive");
    this.#sink.onHead({ status, headers });
    this.#startBody(status, headers);
    return used;
  }

  #startBody(status: number, headers: Readonly<Record<string, string>>): void {
    const encoding = headers["transfer-encoding"];
    const length = headers["content-length"];
    if (status === 204 || status === 304) {
      this.#finish();
    } else if (encoding !== undefined) {
      if (encoding.toLowerCase() !== "chunked" || length !== undefined)
        throw new MalformedResponse("unclear body length");
      this.#state = "chunkSize";
    } else if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) throw new MalformedResponse("unclear body length");
      this.#missing = Number(length);
      this.#state = "length";
      if (this.#missing === 0) this.#finish();
    } else {
      this.#keepsAlive = false;
      this.#state = "untilClose";
    }
  }

  #readCounted(input: Buffer): number {
    const piece = input.length > this.#missing ? input.subarray(0, this.#missing) : input;
    this.#missing -= piece.length;
    this.#sink.onBody(piece);
    if (this.#missing === 0) {
      if (this.#state === "length") this.#finish();
      else this.#state = "chunkEnd";
    }
    return piece.length;
  }

  #startChunk(line: string): void {
    const [, digits] = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
    if (digits === undefined) throw new MalformedResponse("a chunk has no size");
    this.#missing = Number.parseInt(digits, 16);
    this.#state = this.#missing === 0 ? "trailers" : "chunkData";
  }

  #readLine(input: Buffer, take: (line: string) => void): number {
    const end = input.indexOf("\r\n");
    if (end > chunkLineLimitBytes || (end < 0 && input.length > chunkLineLimitBytes)) {
      throw new MalformedResponse("a chunk has no size");
    }
    if (end < 0) return 0;
    take(input.toString("latin1", 0, end));
    return end + 2;
  }

  #finish(): void {
    this.#state = "done";
    this.#sink.onComplete(this.#keepsAlive);
  }
}

/** Detects a peer with another protocol at its first bytes instead of at the deadline. */
function couldBeHttp(input: Buffer): boolean {
  const start = "HTTP/1.";
  const seen = input.toString("latin1", 0, start.length);
  return start.startsWith(seen);
}

function readFields(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) throw new MalformedResponse("a header line has no name");
    const name = fieldName(line.slice(0, colon));
    const value = line.slice(colon + 1).trim();
    const earlier = fields[name];
    if (earlier === undefined) fields[name] = value;
    else if (name !== "content-length" || earlier !== value) fields[name] = `${earlier}, ${value}`;
  }
  return fields;
}

/** Servers repeat the same few names in every response: each is validated once. */
const knownNames = new Map<string, string>();
const knownNamesLimit = 200;

function fieldName(written: string): string {
  const known = knownNames.get(written);
  if (known !== undefined) return known;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(written)) throw new MalformedResponse("a header line has no valid name");
  const name = written.toLowerCase();
  if (knownNames.size < knownNamesLimit) knownNames.set(written, name);
  return name;
}
