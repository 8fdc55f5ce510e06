import { SECRET_RULES } from "./secret-rules.ts";

/** Hints that occur in most text: their rules are tried by shape instead. */
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

/** A pattern for a list of words in which common prefixes are matched once. */
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
/** Start of a word, also after a line break or the like escaped in JSON: shapes are only tried there. */
const START = "(?:(?<![A-Za-z0-9])|(?<=\\\\(?:[bfnrt]|u[0-9a-f]{4})))";
const SHAPED = new RegExp(
  `${START}(?:${[
    // Numbers of persons, phones, cards, accounts.
    "\\d{3}[ -]\\d{2}[ -]\\d{4}",
    "\\d{3}[.) -]{1,2}\\d{3}[.-]\\d{4}",
    "\\+[1-9]\\d{0,2}[ .(-]?\\d",
    "(?<!\\.|[0-9a-f]{4}-)[2-6](?:\\d{12}|\\d{3}[ -]\\d{4}[ -]\\d{4}|\\d{3}[ -]\\d{6}[ -]\\d{4})",
    "[A-Z]{2}\\d{2}[ -]?[A-Z0-9]{4}",
    // Keys: a prefix of one to three characters and many more, or 40 characters of base64.
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
 * A fast pre-check for every event of a run: false only for text that no rule and no secret's name can match.
 */
export function mayHoldSecret(text: string): boolean {
  return NAMED.test(text) || SHAPED.test(text);
}
