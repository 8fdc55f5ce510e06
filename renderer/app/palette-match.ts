interface Offered {
  label?: string;
  description?: string;
  keywords?: string | string[];
}

interface Group<Action> {
  group: string;
  actions: Action[];
}

/**
 * Actions that contain every word of the query in label, description or keywords, in any order. Matches in the label come
 * first within a group, and groups with such matches come first.
 */
export function matchActions<Action extends Offered>(query: string, groups: readonly Group<Action>[]): Group<Action>[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const named = ({ label = "" }: Offered) => has(label);
  const found = groups.flatMap(({ group, actions }) => {
    const matching = actions.filter((action) => has(textOf(action)));
    const inOrder = [...matching.filter(named), ...matching.filter((action) => !named(action))];
    return inOrder.length === 0 ? [] : [{ group, actions: inOrder }];
  });
  const isNamed = ({ actions }: Group<Action>) => actions.some(named);
  return [...found.filter(isNamed), ...found.filter((group) => !isNamed(group))];
}

function textOf({ label = "", description = "", keywords = [] }: Offered): string {
  return [label, description, ...[keywords].flat()].join(" ");
}
