import { describe, expect, it } from "vitest";
import { HttpResponseParser, MalformedResponse } from "./http-response-parser.ts";

function parse(text: string, pieceBytes = Number.MAX_SAFE_INTEGER, ended = false) {
  const seen = {
    status: 0,
    headers: {} as Record<string, string>,
    body: "",
    complete: undefined as boolean | undefined,
  };
  const parser = new HttpResponseParser({
    onHead: ({ status, headers }) => Object.assign(seen, { status, headers: { ...headers } }),
    onBody: (bytes) => {
      seen.body += bytes.toString("latin1");
    },
    onComplete: (reusable) => {
      seen.complete = reusable;
    },
  });
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  if (ended) parser.end();
  return seen;
}

const counted = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello";
const chunked =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: a\r\n\r\n";

describe("HttpResponseParser", () => {
  it.each([1, 2, 3, 7, 1_000])("reads a counted and a chunked body in pieces of %i bytes", (pieceBytes) => {
    const expected = { status: 200, body: "hello", complete: true };
    expect(parse(counted, pieceBytes)).toMatchObject({ ...expected, headers: { "content-type": "application/json" } });
    expect(parse(chunked, pieceBytes)).toMatchObject(expected);
  });

  it("reads a body that ends with the connection", () => {
    expect(parse("HTTP/1.1 200 OK\r\n\r\nhello", 2, true)).toMatchObject({ body: "hello", complete: false });
  });

  it("does not accept a truncated body as complete", () => {
    expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 2, true).complete).toBeUndefined();
    expect(parse(chunked.slice(0, -20), 2, true).complete).toBeUndefined();
  });

  it("skips interim responses, and recognises responses without a body", () => {
    expect(parse(`HTTP/1.1 100 Continue\r\n\r\n${counted}`, 1)).toMatchObject({ status: 200, body: "hello" });
    expect(parse("HTTP/1.1 204 No Content\r\n\r\n")).toMatchObject({ status: 204, complete: true });
    expect(parse("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")).toMatchObject({ status: 202, complete: true });
  });

  it("recognises connections that end with the response", () => {
    expect(parse("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").complete).toBe(false);
    expect(parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").complete).toBe(false);
  });

  it.each([
    ["SSH-2.0-OpenSSH_9.2\r\n", "another protocol"],
    ["HTTP/2 200\r\n\r\n", "another version"],
    ["HTTP/1.1 OK\r\n\r\n", "no status"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello", "an invalid length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "two lengths"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "length and chunks"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "an unrequested encoding"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "a chunk without a size"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", "a chunk exceeds its size"],
    ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "a header line without a name"],
    ["HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n", "a header name with a blank"],
    ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "an upgrade"],
    [`${counted}extra`, "bytes after the response"],
    [`HTTP/1.1 200 OK\r\nx: ${"a".repeat(70_000)}`, "an endless head"],
  ])("refuses %j: %s", (text) => {
    expect(() => parse(text)).toThrow(MalformedResponse);
  });
});
