/**
 * Porter's stemmer as NLTK has it, with its extensions, since the published scores of `response_match_score` use that one:
 * https://www.nltk.org/api/nltk.stem.porter.html. Others give other stems for a few words in a hundred.
 * @param word in lower case
 */
export function stem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  if (word.length <= 2) return word;
  return [pluralsOff, pastsOff, finalY, doubleSuffixes, suffixes, longSuffixes, finalE, doubleL].reduce(
    (stemmed, step) => step(stemmed),
    word,
  );
}

const IRREGULAR = new Map(
  Object.entries({
    sky: ["sky", "skies"],
    die: ["dying"],
    lie: ["lying"],
    tie: ["tying"],
    news: ["news"],
    inning: ["innings", "inning"],
    outing: ["outings", "outing"],
    canning: ["cannings", "canning"],
    howe: ["howe"],
    proceed: ["proceed"],
    exceed: ["exceed"],
    succeed: ["succeed"],
  }).flatMap(([result, words]) => words.map((word) => [word, result] as const)),
);

function isConsonant(word: string, at: number): boolean {
  const letter = word[at] ?? "";
  if ("aeiou".includes(letter)) return false;
  return letter !== "y" || at === 0 || !isConsonant(word, at - 1);
}

function shapeOf(word: string): string {
  return Array.from(word, (_, at) => (isConsonant(word, at) ? "c" : "v")).join("");
}

/** How often a vowel is followed by a consonant: Porter's m. */
function measure(word: string): number {
  return shapeOf(word).split("vc").length - 1;
}

const hasMeasure = (word: string) => measure(word) > 0;

function endsInDoubleConsonant(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && isConsonant(word, word.length - 1);
}

/** Consonant, vowel, consonant other than w, x, y; or nothing but vowel and consonant. */
function endsShort(word: string): boolean {
  const shape = shapeOf(word);
  return shape === "vc" || (shape.endsWith("cvc") && !/[wxy]$/.test(word));
}

/** Suffix, replacement, and what has to be true of the word without it. */
type Rule = readonly [suffix: string, replacement: string, condition?: (without: string) => boolean];

/** The first rule whose suffix the word has decides, also when its condition is not met. */
function applyFirst(word: string, rules: readonly Rule[]): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (rule === undefined) return word;
  const [suffix, replacement, condition] = rule;
  const without = word.slice(0, word.length - suffix.length);
  return condition === undefined || condition(without) ? without + replacement : word;
}

function pluralsOff(word: string): string {
  if (word.endsWith("ies") && word.length === 4) return word.slice(0, -1);
  return applyFirst(word, [
    ["sses", "ss"],
    ["ies", "i"],
    ["ss", "ss"],
    ["s", ""],
  ]);
}

function pastsOff(word: string): string {
  if (word.endsWith("ied")) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith("eed")) return hasMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find(
    (each) => word.endsWith(each) && shapeOf(word.slice(0, -each.length)).includes("v"),
  );
  if (suffix === undefined) return word;
  const without = word.slice(0, -suffix.length);
  if (/(?:at|bl|iz)$/.test(without)) return `${without}e`;
  if (endsInDoubleConsonant(without)) return /[lsz]$/.test(without) ? without : without.slice(0, -1);
  return measure(without) === 1 && endsShort(without) ? `${without}e` : without;
}

function finalY(word: string): string {
  return applyFirst(word, [["y", "i", (without) => without.length > 1 && isConsonant(without, without.length - 1)]]);
}

function doubleSuffixes(word: string): string {
  if (word.endsWith("alli") && hasMeasure(word.slice(0, -4))) return doubleSuffixes(word.slice(0, -2));
  return applyFirst(word, [
    ["ational", "ate", hasMeasure],
    ["tional", "tion", hasMeasure],
    ["enci", "ence", hasMeasure],
    ["anci", "ance", hasMeasure],
    ["izer", "ize", hasMeasure],
    ["bli", "ble", hasMeasure],
    ["alli", "al", hasMeasure],
    ["entli", "ent", hasMeasure],
    ["eli", "e", hasMeasure],
    ["ousli", "ous", hasMeasure],
    ["ization", "ize", hasMeasure],
    ["ation", "ate", hasMeasure],
    ["ator", "ate", hasMeasure],
    ["alism", "al", hasMeasure],
    ["iveness", "ive", hasMeasure],
    ["fulness", "ful", hasMeasure],
    ["ousness", "ous", hasMeasure],
    ["aliti", "al", hasMeasure],
    ["iviti", "ive", hasMeasure],
    ["biliti", "ble", hasMeasure],
    ["fulli", "ful", hasMeasure],
    // The l counts as a part of the stem: "geo" as "archaeo".
    ["logi", "log", (without) => hasMeasure(`${without}l`)],
  ]);
}

function suffixes(word: string): string {
  return applyFirst(word, [
    ["icate", "ic", hasMeasure],
    ["ative", "", hasMeasure],
    ["alize", "al", hasMeasure],
    ["iciti", "ic", hasMeasure],
    ["ical", "ic", hasMeasure],
    ["ful", "", hasMeasure],
    ["ness", "", hasMeasure],
  ]);
}

const isLong = (word: string) => measure(word) > 1;
const LONG_SUFFIXES: readonly Rule[] = [
  ...["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"].map(
    (each) => [each, "", isLong] as const,
  ),
  ["ion", "", (without) => isLong(without) && /[st]$/.test(without)],
  ...["ou", "ism", "ate", "iti", "ous", "ive", "ize"].map((each) => [each, "", isLong] as const),
];

function longSuffixes(word: string): string {
  return applyFirst(word, LONG_SUFFIXES);
}

function finalE(word: string): string {
  if (!word.endsWith("e")) return word;
  const without = word.slice(0, -1);
  return isLong(without) || (measure(without) === 1 && !endsShort(without)) ? without : word;
}

function doubleL(word: string): string {
  return word.endsWith("ll") && isLong(word.slice(0, -1)) ? word.slice(0, -1) : word;
}
