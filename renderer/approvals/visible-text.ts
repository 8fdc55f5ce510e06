import { isObject } from "../../electron/model/json.ts";

/**
 * Invisible and reordering characters (Unicode's control and format characters): a call's arguments come from an agent,
 * and the person who approves them must see the actual content.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029\u3164\uffa0]/gu;
const KEPT = new Set(["\n", "\t"]);

/** The text with invisible characters written out, such as ⟨U+202E⟩. */
export function visibleText(text: string): string {
  return text.replaceAll(UNSEEN, (character) =>
    KEPT.has(character)
      ? character
      : `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

export interface Argument {
  name: string;
  text: string;
}

/** Arguments as text; a value that is not an object becomes one without a name. */
export function argumentsOf(value: unknown): Argument[] {
  if (!isObject(value)) {
    return value === undefined ? [] : [{ name: "", text: textOf(value) }];
  }
  return Object.entries(value).map(([name, each]) => ({ name: visibleText(name), text: textOf(each) }));
}

/** On one line, for a list. */
export function argumentsInOneLine(value: unknown): string {
  return argumentsOf(value)
    .map(({ name, text }) => (name === "" ? text : `${name}: ${text}`))
    .join(", ")
    .replaceAll(/\s+/g, " ");
}

function textOf(value: unknown): string {
  return visibleText(typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "nothing"));
}
