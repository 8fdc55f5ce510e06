/** Parses a request from its first bytes as far as possible. */
import { BodyReader, requestFraming } from "./body-reader.ts";
import { HeadReader } from "./head-reader.ts";
import { isRequestLine, RequestHead } from "./message-head.ts";
import { carriesJson, RequestInfo } from "./request-info.ts";

const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"].map((name) =>
  Buffer.from(`${name} `),
);

/** Whether the bytes start with an HTTP method, or with a prefix of one. */
export function looksLikeRequest(chunk: Buffer): boolean {
  return methods.some((method) => {
    const length = Math.min(method.length, chunk.length);
    return chunk.compare(method, 0, length, 0, length) === 0;
  });
}

/** The request at the start of the bytes; undefined without one. Its body is used only if it is complete. */
export function sniffRequest(bytes: Buffer): RequestInfo | undefined {
  if (!looksLikeRequest(bytes)) return undefined;
  try {
    const read = new HeadReader(isRequestLine).read(bytes);
    if (!read) return undefined;
    const head = new RequestHead(read.bytes.toString("latin1", 0, read.headLength));
    const payload: Buffer[] = [];
    const reader = new BodyReader(requestFraming(head));
    reader.read(read.bytes.subarray(read.headLength), (piece) => payload.push(piece));
    return new RequestInfo(head, reader.isDone && carriesJson(head) ? Buffer.concat(payload) : undefined);
  } catch {
    return undefined;
  }
}
