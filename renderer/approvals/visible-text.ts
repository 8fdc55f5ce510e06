import { isObject } from "../../electron/model/json.ts";

/**
 * Characters that show nothing, or that show their neighbours in another order (Unicode's control and format characters):
 * a call's arguments come from an agent, and the person who approves them must see what is really there.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029\u3164\uffa0]/gu;
const KEPT = new Set(["\n", "\t"]);

/** The text with what cannot be seen written out, such as ⟨U+202E⟩. */
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

/** Arguments one by one, as text; whatever is no object has one without a name. */
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
