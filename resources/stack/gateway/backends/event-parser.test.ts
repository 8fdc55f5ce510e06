import { expect, it } from "vitest";
import { EventParser } from "./event-parser.ts";

function dataOf(text: string, pieceBytes: number): string[] {
  const seen: string[] = [];
  const parser = new EventParser((data) => seen.push(data));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.push(bytes.subarray(at, at + pieceBytes));
  return seen;
}

const stream =
  ': comment\n\nid: 1\nevent: message\ndata: {"a":"é"}\n\ndata: two\r\ndata:lines\r\n\r\nid: 3\ndata: \n\ndata: unfinished';

it.each([1, 2, 5, 1_000])("finds the data of complete events in pieces of %i bytes", (pieceBytes) => {
  expect(dataOf(stream, pieceBytes)).toEqual(['{"a":"é"}', "two\nlines"]);
});
