import { createParser } from "eventsource-parser";
import { expect, it } from "vitest";
import { EventParser } from "./event-parser.ts";

function eventsOf(text: string, pieceBytes: number): string[] {
  const seen: string[] = [];
  const parser = new EventParser(({ type, data }) => seen.push(`${type} ${data}`));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  return [...seen, `last id ${parser.lastId}, retry ${parser.retryMs}`];
}

/** The parser of the official SDK's client, which drops an event without data as its client does. */
function eventsOfSdk(text: string): string[] {
  const seen: string[] = [];
  let [id, retry]: [string | undefined, number | undefined] = [undefined, undefined];
  const parser = createParser({
    onEvent: (event) => {
      if (event.data !== "") seen.push(`${event.event ?? "message"} ${event.data}`);
      if (event.id) id = event.id;
    },
    onRetry: (ms) => {
      retry = ms;
    },
  });
  // Its client decodes the bytes first, which takes a byte order mark away.
  parser.feed(new TextDecoder().decode(Buffer.from(text)));
  return [...seen, `last id ${id}, retry ${retry}`];
}

const STREAMS = [
  ': comment\n\nid: 1\nevent: message\ndata: {"a":"é"}\n\ndata: two\r\ndata:lines\r\n\r\nid: 3\ndata: \n\ndata: unfinished',
  "event: ping\ndata: ping\n\nevent: message\ndata: ok\n\n",
  "event:ping\n\ndata: ok\n\n",
  "data: ok\n\n",
  "data: ok\r\n\r\n",
  "data: a\rdata: b\r\n\rdata: c\n\n",
  "\ufeffdata: ok\n\n",
  "data: \ufeffok\n\n",
  "id: 1\nretry: 100\ndata:\n\n",
  "id: 1\nretry: 100\ndata\n\n",
  "retry: soon\ndata: ok\n\n",
  "retry: 1e3\ndata: ok\n\n",
  "id: a\0b\ndata: ok\n\n",
  "id\ndata: ok\n\n",
  "id: 1\ndata: a\n\nid: 2\ndata: b\n\n",
  "data:  two spaces\n\n",
  "data:none\n\n",
  "data: a\n\n\n\ndata: b\n\n",
  "data: a\ndata:\ndata: b\n\n",
  ":\n:\n\ndata: ok\n\n",
  "unknown: x\ndata: ok\n\n",
  "data : not the field\ndata: ok\n\n",
  " data: not the field\ndata: ok\n\n",
  "DATA: not the field\ndata: ok\n\n",
  "event: a\nevent: b\ndata: ok\n\n",
  "event: a\ndata: x\n\ndata: y\n\n",
  "data: 日本 😀\n\n",
  'data: {"colon": "a:b"}\n\n',
  "data: a\tb\n\n",
  "data: unfinished\n",
  "",
];

it.each(STREAMS)("reads %j as the official SDK's parser does, in pieces of any size", (text) => {
  const expected = eventsOfSdk(text);
  for (const pieceBytes of [1, 2, 3, 5, 1_000])
    expect(eventsOf(text, pieceBytes), `${pieceBytes} bytes`).toEqual(expected);
});

/**
 * Where the two differ, this one follows WHATWG: a lone CR at the end of all that has come so far ends its line at once.
 * The SDK's parser waits for the byte after it, and loses the last event of a stream that ends so.
 */
it.each([1, 3, 1_000])("ends a line with the CR that a stream ends with, in pieces of %i bytes", (pieceBytes) => {
  expect(eventsOf("data: ok\r\r", pieceBytes)[0]).toBe("message ok");
});
