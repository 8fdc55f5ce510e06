/**
 * Characters that show nothing, or that show their neighbours in another order: Unicode's control and format characters,
 * line separators, fillers, and halves of surrogate pairs.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u3164\uffa0]/gu;
const KEPT = new Set(["\n", "\t"]);

/** The text with what cannot be seen written out, such as ⟨U+202E⟩. Lines and tabs stay. */
export function visibleText(text: string): string {
  return text.replaceAll(UNSEEN, (character) => (KEPT.has(character) ? character : writtenOut(character)));
}

/** Joiners shape emoji and the letters of several scripts, and move nothing. */
const JOINERS = new Set(["\u200c", "\u200d"]);

/** On one line, for a title, a name or a line of a log: joiners stay, and lines become spaces. */
export function visibleLine(text: string): string {
  return text.replaceAll(/[\t-\r\u0085\u2028\u2029]+/g, " ").replaceAll(UNSEEN, (character) => {
    return JOINERS.has(character) ? character : writtenOut(character);
  });
}

/** JSON with such characters as escapes: the same value, and harmless where it is printed. */
export function escapeUnseen(json: string): string {
  return json.replaceAll(UNSEEN, (character) => (KEPT.has(character) ? character : escaped(character)));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

function writtenOut(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
