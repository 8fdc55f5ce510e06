import { SECRET_RULES, type SecretRule } from "./secret-rules.ts";

export interface FoundSecret {
  /** Index of its first character, and of the one after its last. */
  start: number;
  end: number;
  kind: string;
}

/** Secrets in a text by their form alone, in their order, without overlaps. Time is linear in the length of the text. */
export function findSecrets(text: string): FoundSecret[] {
  const lower = text.toLowerCase();
  const found: FoundSecret[] = [];
  for (const rule of SECRET_RULES) {
    if (rule.hints.length > 0 && !rule.hints.some((hint) => lower.includes(hint))) continue;
    for (const match of text.matchAll(rule.pattern)) {
      const secret = placeOf(rule, match);
      if (secret !== undefined) found.push(secret);
    }
  }
  return found.length < 2 ? found : apart(found);
}

function placeOf(rule: SecretRule, match: RegExpExecArray): FoundSecret | undefined {
  const groups = match.groups ?? {};
  const within = match.indices?.groups;
  const [start, end] =
    within?.secret ??
    within?.a ??
    within?.b ??
    within?.c ??
    within?.d ??
    ([match.index, match.index + match[0].length] as const);
  const isSecret = start < end && (rule.isSecret?.(match.input.slice(start, end), groups) ?? true);
  return isSecret ? { start, end, kind: rule.kind } : undefined;
}

/** Merges overlapping findings into one, named by the rule that comes first. */
function apart(found: readonly FoundSecret[]): FoundSecret[] {
  const ranked = found
    .map((secret, rank) => ({ ...secret, rank }))
    .sort((a, b) => a.start - b.start || a.rank - b.rank);
  const merged: typeof ranked = [];
  for (const secret of ranked) {
    const before = merged.at(-1);
    if (before === undefined || secret.start >= before.end) {
      merged.push(secret);
      continue;
    }
    before.end = Math.max(before.end, secret.end);
    if (secret.rank < before.rank) Object.assign(before, { kind: secret.kind, rank: secret.rank });
  }
  return merged.map(({ start, end, kind }) => ({ start, end, kind }));
}
