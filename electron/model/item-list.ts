/** A list in a text, such as `expected list allow, list deny`. */
export interface ItemList {
  /** What introduces it, `expected `. */
  lead: string;
  items: readonly string[];
}

/** A part of a text between semicolons. */
export interface Clause extends ItemList {
  /** What follows it and is part of no list. */
  end: string;
  /** Name of the check whose expectation it is. */
  checks?: string;
  /** Whether it is what was observed. */
  isObserved?: boolean;
}

/** Items repeated in a row. */
export interface Group {
  count: number;
  items: readonly string[];
}

/** From this many repeats on they are counted. */
const COUNTED_FROM = 3;
/** Longest sequence that is recognised as repeated, in items. */
const LONGEST_PERIOD = 8;

const EXPECTED = /^(?:.*: )?expected (?=.)/;
const OBSERVED = /^observed (?:so far )?(?=.)/;

const END = /(; | \(and \d+ more\)$)/;

/** A text as clauses: together they are the text. */
export function readClauses(text: string): Clause[] {
  const parts = text.split(END);
  return parts.flatMap((clause, index) => {
    if (index % 2 === 1 || (clause === "" && index > 0 && index === parts.length - 1)) return [];
    const expected = EXPECTED.exec(clause)?.[0];
    const lead = expected ?? OBSERVED.exec(clause)?.[0] ?? "";
    const list = listOf(clause.slice(lead.length));
    return {
      ...list,
      end: parts[index + 1] ?? "",
      lead: lead + list.lead,
      ...(expected === undefined ? {} : { checks: /([^ ]+): expected $/.exec(expected)?.[1] ?? "" }),
      ...(expected === undefined && lead !== "" ? { isObserved: true } : {}),
    };
  });
}

/** A text as one list. What precedes the first item is found where that occurs again. */
export function listOf(text: string): ItemList {
  const items = text.split(", ");
  const [first = "", ...others] = items;
  const lead = /^(?:EXACT|IN_ORDER|ANY_ORDER|none of) /.exec(first)?.[0] ?? repeatedFrom(first, new Set(others));
  return { lead, items: [first.slice(lead.length), ...others] };
}

function repeatedFrom(first: string, others: ReadonlySet<string>): string {
  if (others.size === 0 || others.has(first)) return "";
  for (let space = first.indexOf(" "); space >= 0; space = first.indexOf(" ", space + 1)) {
    if (others.has(first.slice(space + 1))) return first.slice(0, space + 1);
  }
  return "";
}

export function groupsOf(items: readonly string[]): Group[] {
  const groups: Group[] = [];
  for (let at = 0; at < items.length; ) {
    const group = longestRepeat(items, at);
    groups.push(group);
    at += group.count * group.items.length;
  }
  return groups;
}

/** The repeat that covers the most items from this one on; the shortest of equal ones. */
function longestRepeat(items: readonly string[], at: number): Group {
  let best: Group = { count: 1, items: items.slice(at, at + 1) };
  for (let period = 1; period <= LONGEST_PERIOD && at + period * COUNTED_FROM <= items.length; period++) {
    let end = at + period;
    while (end < items.length && items[end] === items[end - period]) end++;
    const count = Math.floor((end - at) / period);
    if (count >= COUNTED_FROM && count * period > best.count * best.items.length) {
      best = { count, items: items.slice(at, at + period) };
    }
  }
  return best;
}
