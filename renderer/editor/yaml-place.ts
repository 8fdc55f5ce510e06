import { type Document, isMap, isPair, isScalar, isSeq, type Node, type Pair, parseDocument, visit } from "yaml";
import type { Segment } from "./json-schema.ts";

/** A position in a document's structure. */
export interface YamlPlace {
  /** Path to the map for a key, to the value itself for a value. */
  path: Segment[];
  writes: "key" | "value";
  /** For a key: the keys that the map already has. */
  present: string[];
  /** For a key: whether a colon follows. */
  hasColon: boolean;
  /** The word under the cursor, as offsets into the text. */
  from: number;
  to: number;
}

/** Placeholder for the word at the cursor; occurs in no document. */
const MARK = "zqWordHerezq";

/**
 * The positions at an offset: a key, a value, or both at the start of a list item. The text may be incomplete: only the
 * top-level entry at the offset is parsed, with a placeholder for the word at the cursor, by an error-tolerant parser.
 */
export function placesAt(text: string, offset: number): YamlPlace[] {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  const word = /[A-Za-z_][\w-]*$/.exec(before)?.[0] ?? "";
  const from = offset - word.length;
  const to = offset + (/^[\w-]*/.exec(text.slice(offset))?.[0].length ?? 0);
  const lead = before.slice(0, before.length - word.length);
  if (/(^|\s)#/.test(lead) || /[^\s{[,]$/.test(lead)) return [];
  const hasColon = /^[ \t]*:(\s|$)/.test(text.slice(to));
  if (lead === "") return [{ writes: "key", path: [], present: topKeys(text, from), hasColon, from, to }];
  const entry = entryAt(text, lineStart);
  const read = (mark: string) => find(parse(text.slice(entry.from, from) + mark + text.slice(to, entry.to)));
  const places: YamlPlace[] = [];
  if (/^\s*(- +)*$/.test(lead) || /[{,]\s*$/.test(lead)) {
    const key = read(hasColon ? MARK : `${MARK}: `);
    if (key?.writes === "key") places.push({ ...key, hasColon, from, to });
  }
  if (!hasColon && !/^\s+$/.test(lead)) {
    const value = read(MARK);
    if (value?.writes === "value") places.push({ ...value, hasColon, from, to });
  }
  return places;
}

/** The key at an offset with the path to its value, and the range of its word. */
export function keyAt(text: string, offset: number): { path: Segment[]; from: number; to: number } | undefined {
  let found: { path: Segment[]; from: number; to: number } | undefined;
  const entry = entryAt(text, offset);
  visit(parse(text.slice(entry.from, entry.to)), {
    Scalar(role, node, ancestors) {
      const [from, to] = (node.range ?? [0, 0]).map((each) => each + entry.from) as [number, number];
      if (role !== "key" || offset < from || offset > to) return undefined;
      const pair = ancestors.at(-1);
      if (isPair(pair)) found = { path: segmentsOf(ancestors), from, to };
      return visit.BREAK;
    },
  });
  return found;
}

/** A line that begins a top-level entry: errors in other entries do not affect it. */
const ENTRY_START = /^[^\s#\-}\]]/gm;

function entryAt(text: string, offset: number): { from: number; to: number } {
  const starts = [...text.matchAll(ENTRY_START)].map(({ index }) => index);
  return {
    from: starts.findLast((start) => start <= offset) ?? 0,
    to: starts.find((start) => start > offset) ?? text.length,
  };
}

/** The top-level keys, except the one at the cursor. */
function topKeys(text: string, but: number): string[] {
  return [...text.matchAll(/^([\w-]+)[ \t]*:/gm)].flatMap(({ index, 1: key = "" }) => (index === but ? [] : [key]));
}

function parse(text: string): Document {
  return parseDocument(text, { logLevel: "silent", uniqueKeys: false, strict: false });
}

type Ancestors = readonly (Document | Node | Pair)[];

function find(document: Document): Pick<YamlPlace, "path" | "writes" | "present"> | undefined {
  let found: Pick<YamlPlace, "path" | "writes" | "present"> | undefined;
  visit(document, {
    Scalar(role, node, ancestors) {
      if (node.value !== MARK) return undefined;
      const map = ancestors.at(-2);
      found =
        role === "key"
          ? { writes: "key", path: segmentsOf(ancestors.slice(0, -1)), present: isMap(map) ? keysOf(map.items) : [] }
          : { writes: "value", path: segmentsOf(ancestors), present: [] };
      // In a list, an item that was parsed without a key.
      if (role !== "key" && typeof role === "number") found.path.push({ item: true });
      return visit.BREAK;
    },
  });
  return found;
}

/** The path through these nodes. Each map is identified by its other keys; each list has one kind of item. */
function segmentsOf(ancestors: Ancestors): Segment[] {
  return ancestors.flatMap((node, place): Segment[] => {
    if (isPair(node)) {
      const map = ancestors[place - 1];
      const key = nameOf(node);
      const siblings = isMap(map) ? keysOf(map.items).filter((each) => each !== key) : [];
      return key === undefined ? [] : [{ key, siblings }];
    }
    return isSeq(node) && place < ancestors.length - 1 ? [{ item: true }] : [];
  });
}

function keysOf(pairs: readonly Pair[]): string[] {
  return pairs.flatMap((pair) => {
    const key = nameOf(pair);
    return key === undefined || key === MARK ? [] : [key];
  });
}

function nameOf({ key }: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined;
}
