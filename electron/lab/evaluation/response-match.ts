import { stem } from "./porter-stemmer.ts";

const STEMMED_FROM = 4;

/**
 * ROUGE-1 as F-measure: how many words two texts have in common. Words as rouge_score takes them: lower case, of a to z and
 * 0 to 9, stemmed from four letters on.
 * @returns 0 to 1
 */
export function responseMatch(expected: string, actual: string): number {
  const [wanted, got] = [wordsOf(expected), wordsOf(actual)];
  if (wanted.length === 0 || got.length === 0) return 0;
  const counts = Map.groupBy(wanted, (word) => word);
  const common = [...Map.groupBy(got, (word) => word)].reduce(
    (sum, [word, uses]) => sum + Math.min(uses.length, counts.get(word)?.length ?? 0),
    0,
  );
  const [precision, recall] = [common / got.length, common / wanted.length];
  return common === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.map((word) => (word.length >= STEMMED_FROM ? stem(word) : word));
}
