import { firstDifference } from "./first-difference.ts";
import { type Group, groupsOf, type ItemList, listOf, readClauses } from "./item-list.ts";

/** A part of a text; the first difference from what was expected is marked. */
export interface TextPiece {
  text: string;
  isMarked?: true;
}

export interface Brief {
  pieces: readonly TextPiece[];
  /** Whether the whole text says more, or says it differently. */
  isShortened: boolean;
}

/** Length of a brief text in UTF-16 units, without the ellipses of what was cut. */
export const BRIEF_CHARS = 240;

/**
 * A text as it is shown beside others, at most {@link BRIEF_CHARS} long: repeats in its lists are counted, and of
 * `NAME: expected A; observed B` the first difference is marked.
 *
 * @param check name of the check, where the text does not have it
 */
export function brief(text: string, check?: string): Brief {
  const clauses = readClauses(text);
  const pieces = clauses.flatMap((clause, index): TextPiece[] => {
    const [before, after] = [clauses[index - 1], clauses[index + 1]];
    let markedItem: number | undefined;
    if (clause.checks !== undefined && after?.isObserved) {
      markedItem = firstDifference(clause.checks || check, clause, after).expected;
    } else if (clause.isObserved && before?.checks !== undefined) {
      markedItem = firstDifference(before.checks || check, before, clause).observed;
    }
    return [...piecesOf(clause, markedItem), ...(clause.end === "" ? [] : [{ text: clause.end }])];
  });
  return fitted(pieces, text);
}

/** Both sides of a check, in brief. */
export function briefCheck(compared: Compared): { expected: Brief; observed: Brief } {
  const { expected, observed } = groupedCheck(compared);
  return { expected: fitted(expected, compared.expected), observed: fitted(observed, compared.observed) };
}

interface Compared {
  /** Name of the check; absent: the lists are compared item by item. */
  check?: string;
  expected: string;
  observed: string;
}

/** Both sides of a check with their repeats counted, of any length. */
export function groupedCheck({ check, expected, observed }: Compared): Record<"expected" | "observed", TextPiece[]> {
  const [wanted, seen] = [listOf(expected), listOf(observed)];
  const difference = firstDifference(check, wanted, seen);
  return { expected: piecesOf(wanted, difference.expected), observed: piecesOf(seen, difference.observed) };
}

/** The text with the repeats of its lists counted, of any length. */
export function groupRepeats(text: string): string {
  return readClauses(text)
    .map((clause) => `${textOf(piecesOf(clause, undefined))}${clause.end}`)
    .join("");
}

/** Decisions, each with its tool before it, for a report: a tool is named once for consecutive ones. */
export function groupedList(items: readonly string[]): string {
  return textOf(groupPieces(groupsOf(items), undefined, true));
}

export function textOf(pieces: readonly TextPiece[]): string {
  return pieces.map(({ text }) => text).join("");
}

function piecesOf({ lead, items }: ItemList, markedItem: number | undefined): TextPiece[] {
  const groups = groupsOf(items);
  const hasRepeats = groups.some(({ count }) => count > 1);
  const pieces = groupPieces(groups, markedItem, hasRepeats);
  return lead === "" ? pieces : [{ text: lead }, ...pieces];
}

/** `list 5 x (allow, upstream_error), budgetExceeded` */
function groupPieces(groups: readonly Group[], markedItem: number | undefined, namesOnce: boolean): TextPiece[] {
  const pieces: TextPiece[] = [];
  let subject: string | undefined;
  let first = 0;
  for (const { count, items } of groups) {
    if (pieces.length > 0) pieces.push({ text: ", " });
    const own = namesOnce ? sharedSubject(items) : undefined;
    const named = own === undefined ? items : items.map((item) => item.slice(own.length + 1));
    const name = own === undefined || own === subject ? "" : `${own} `;
    subject = own;
    const body = named.length === 1 ? named.join() : `(${named.join(", ")})`;
    const isMarked = markedItem !== undefined && markedItem >= first && markedItem < first + count * items.length;
    const isWithin = isMarked && markedItem > first && count > 1;
    if (count === 1) pieces.push(piece(`${name}${named.join()}`, isMarked));
    else if (isWithin) pieces.push({ text: name }, piece(`${count} x`, true), { text: ` ${body}` });
    else pieces.push(piece(`${name}${count} x ${body}`, isMarked));
    first += count * items.length;
  }
  return pieces.filter(({ text }) => text !== "");
}

function piece(text: string, isMarked: boolean): TextPiece {
  return isMarked ? { text, isMarked } : { text };
}

/** `list` of `list allow` and `list deny`: what a tool's decisions have in common. */
function sharedSubject(items: readonly string[]): string | undefined {
  const [first, ...others] = items.map((item) => /^(\S+) \S+$/.exec(item)?.[1]);
  return others.every((other) => other === first) ? first : undefined;
}

/** The pieces within the limit; what is marked is never cut off. */
function fitted(pieces: readonly TextPiece[], whole: string): Brief {
  const marked = pieces.findIndex(({ isMarked }) => isMarked);
  const before = textOf(pieces.slice(0, Math.max(marked, 0))).length;
  // Of a difference far behind a third of the room is for what precedes it.
  const skipped = before > BRIEF_CHARS / 2 ? before - BRIEF_CHARS / 3 : 0;
  const shown: TextPiece[] = skipped > 0 ? [{ text: "… " }] : [];
  let at = 0;
  let isCut = false;
  for (const each of pieces) {
    const from = Math.max(0, skipped - at);
    const to = skipped + BRIEF_CHARS - at;
    at += each.text.length;
    if (from >= each.text.length) continue;
    if (isCut) break;
    isCut = to < each.text.length;
    const start = from === 0 ? 0 : each.text.indexOf(" ", from) + 1 || from;
    const text = isCut ? `${cutAtWord(each.text.slice(0, Math.max(to, 0))).slice(start)}…` : each.text.slice(start);
    if (text !== "") shown.push({ ...each, text: text.toWellFormed() });
  }
  return { pieces: shown, isShortened: textOf(shown) !== whole.toWellFormed() };
}

/** How much of a text may be given up to end it at a word. */
const WORD_CHARS = 40;

function cutAtWord(text: string): string {
  const space = text.lastIndexOf(" ");
  if (space > text.length - WORD_CHARS) return text.slice(0, space + 1);
  // Half a character is none.
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
