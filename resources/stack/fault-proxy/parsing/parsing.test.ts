import { expect, test } from "vitest";
import { BadMessage } from "./bad-message.ts";
import { BodyReader, replyFraming, requestFraming } from "./body-reader.ts";
import { EventSplitter, eventData } from "./event-splitter.ts";
import { HeadReader } from "./head-reader.ts";
import { isRequestLine, ReplyHead, RequestHead } from "./message-head.ts";
import { looksLikeRequest, sniffRequest } from "./sniff.ts";

/** Every split of the bytes into two, and into single bytes. */
function* cuts(bytes: Buffer): Generator<Buffer[]> {
  for (let at = 0; at <= bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield [...bytes].map((byte) => Buffer.from([byte]));
}

test("a head is parsed for every split, and an unmodified one is written unchanged", () => {
  const text = "POST /a HTTP/1.1\r\nHost: x\r\nX-Odd-CASE: 1\r\n\r\n";
  for (const pieces of cuts(Buffer.from(`${text}rest`))) {
    const reader = new HeadReader(isRequestLine);
    let read: ReturnType<HeadReader["read"]>;
    for (const piece of pieces) read ??= reader.read(piece);
    expect(read?.headLength).toBe(text.length);
  }
  const head = new RequestHead(text);
  expect(head.toBuffer().toString()).toBe(text);
  expect([head.method, head.target, head.get("x-odd-case")]).toEqual(["POST", "/a", "1"]);
});

test.each(["EHLO x\r\n", "GET key\r\n", "GET / HTTP/2.0\r\n", "no carriage\n"])("%j is not a request", (text) => {
  expect(() => new HeadReader(isRequestLine).read(Buffer.from(text))).toThrow(BadMessage);
});

test("a head over the limit is refused", () => {
  const reader = new HeadReader(isRequestLine);
  reader.read(Buffer.from("GET / HTTP/1.1\r\n"));
  expect(() => reader.read(Buffer.alloc(70_000, "a"))).toThrow(BadMessage);
});

test("a chunked body is parsed for every split", () => {
  const body = Buffer.from("5;x=y\r\nhello\r\n3\r\nyou\r\n0\r\nTrailer: 1\r\n\r\n");
  for (const pieces of cuts(Buffer.concat([body, Buffer.from("next")]))) {
    const reader = new BodyReader({ kind: "chunked" });
    let payload = "";
    let taken = 0;
    for (const piece of pieces) taken += reader.read(piece, (part) => (payload += part.toString()));
    expect([payload, taken, reader.isDone]).toEqual(["helloyou", body.length, true]);
  }
});

test.each(["x\r\n", "5\nhello", "1\r\nab\r\n", "fffffffffffff\r\n"])("chunked body %j is refused", (text) => {
  expect(() => new BodyReader({ kind: "chunked" }).read(Buffer.from(text))).toThrow(BadMessage);
});

test("framing follows RFC 9112 and refuses ambiguous lengths", () => {
  const request = (headers: string): RequestHead => new RequestHead(`POST / HTTP/1.1\r\n${headers}\r\n`);
  expect(requestFraming(request(""))).toEqual({ kind: "none" });
  expect(requestFraming(request("Content-Length: 3\r\n"))).toEqual({ kind: "length", bytes: 3 });
  expect(requestFraming(request("Transfer-Encoding: Chunked\r\n"))).toEqual({ kind: "chunked" });
  expect(() => requestFraming(request("Content-Length: 3\r\nContent-Length: 4\r\n"))).toThrow(BadMessage);
  expect(() => requestFraming(request("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"))).toThrow(BadMessage);
  expect(() => requestFraming(request("Content-Length: -1\r\n"))).toThrow(BadMessage);
  const reply = (status: number): ReplyHead => new ReplyHead(`HTTP/1.1 ${status} X\r\nContent-Length: 3\r\n\r\n`);
  expect(replyFraming(reply(200), "HEAD")).toEqual({ kind: "none" });
  expect(replyFraming(reply(304), "GET")).toEqual({ kind: "none" });
  expect(replyFraming(new ReplyHead("HTTP/1.1 200 X\r\n\r\n"), "GET")).toEqual({ kind: "untilClose" });
});

test.each(["\n", "\r\n", "\r"])(
  "events are split at empty lines, for each line end (%j), without losing a byte",
  (end) => {
    const text = [": hi", "", "id: 1", "data: a", "data: b", "", "data: é", "", "data: unfinished"].join(end);
    for (const pieces of cuts(Buffer.from(text))) {
      const splitter = new EventSplitter();
      const events = pieces.flatMap((piece) => splitter.push(piece));
      const all = [...events, splitter.rest() ?? Buffer.alloc(0)];
      expect(Buffer.concat(all).toString()).toBe(text);
      expect(all.map((event) => eventData(event))).toEqual([undefined, "a\nb", "é", "unfinished"]);
    }
  },
);

test("a request is sniffed from its first bytes, a non-request is not", () => {
  const body = '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"pay"}}';
  const head = `POST /mcp HTTP/1.1\r\nMcp-Session-Id: s\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const whole = { method: "tools/call", tool: "pay", jsonrpcId: 4, sessionId: "s" };
  expect(sniffRequest(Buffer.from(head + body))?.attribution()).toEqual(whole);
  expect(sniffRequest(Buffer.from(head + body.slice(5)))?.attribution()).toEqual({ sessionId: "s" });
  expect(sniffRequest(Buffer.from("\0\0SELECT 1"))).toBeUndefined();
  expect(["GET /", "PO", "POST", "get /", "EHLO x"].map((text) => looksLikeRequest(Buffer.from(text)))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
