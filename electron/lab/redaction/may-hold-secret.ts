import { SECRET_RULES } from "./secret-rules.ts";

/** Rules for these are tried on all that has the shape of what they look for: their hints stand in most text. */
const TOO_COMMON = new Set([
  "s.",
  "://",
  "b.",
  "sg.",
  "sl.",
  "dp.",
  "sk",
  "ac",
  "m",
  "n",
  "o",
  "pat",
  "eaa",
  "+",
  "auth",
  "private",
]);

/** One alternative for each letter that words share from their beginning: tried once, not once for each word. */
function wordsAsPattern(words: readonly string[]): string {
  const byFirst = Map.groupBy(words, (word) => word.charAt(0));
  const branches = [...byFirst].map(([first, group]) => {
    const start = first.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
    const rest = group.map((word) => word.slice(1));
    return rest.includes("") ? start : start + wordsAsPattern(rest);
  });
  return branches.length === 1 ? (branches[0] ?? "") : `(?:${branches.join("|")})`;
}

const HINTS = [...new Set(SECRET_RULES.flatMap(({ hints }) => hints))].filter((hint) => !TOO_COMMON.has(hint));
const NAMED = new RegExp(wordsAsPattern([...HINTS, "private key", '"auth', "'auth", "authorization"]), "i");
/** Where a word begins, also after a line break or the like as JSON spells it: shapes are only tried there. */
const START = "(?:(?<![A-Za-z0-9])|(?<=\\\\(?:[bfnrt]|u[0-9a-f]{4})))";
const SHAPED = new RegExp(
  `${START}(?:${[
    // The number of a person, a phone, a card, an account.
    "\\d{3}[ -]\\d{2}[ -]\\d{4}",
    "\\d{3}[.) -]{1,2}\\d{3}[.-]\\d{4}",
    "\\+[1-9]\\d{0,2}[ .(-]?\\d",
    "(?<!\\.|[0-9a-f]{4}-)[2-6](?:\\d{12}|\\d{3}[ -]\\d{4}[ -]\\d{4}|\\d{3}[ -]\\d{6}[ -]\\d{4})",
    "[A-Z]{2}\\d{2}[ -]?[A-Z0-9]{4}",
    // A key: many characters after a mark of one to three, or 40 of base64.
    "[sb]\\.[A-Za-z0-9]{24}",
    "S[GK]\\.?[\\w-]{16}",
    "AC[0-9a-f]{32}",
    "sl\\.[\\w.-]{100}",
    "dp\\.[a-z]{2,5}\\.",
    "[MNO][A-Za-z\\d]{23,27}\\.",
    "pat[A-Za-z0-9]{14}\\.",
    "EAA[A-Za-z0-9]{80}",
    "[A-Za-z0-9+/]{40}",
  ].join("|")})`,
);

/**
 * A quick look that lets most text through untouched: true for all that a rule, or a secret's name, could match. It is
 * asked of every event of a run.
 */
export function mayHoldSecret(text: string): boolean {
  return NAMED.test(text) || SHAPED.test(text);
}
