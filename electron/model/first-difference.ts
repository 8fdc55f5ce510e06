import type { ItemList } from "./item-list.ts";

/** Positions of the items that differ first; absent on a side that has no such item. */
export interface Difference {
  expected?: number;
  observed?: number;
}

type Comparison = "item by item" | "in order" | "none";

/**
 * Where what was observed first departs from what a check expects; nothing where neither is a list.
 *
 * @param check name of the check; absent for lists that are compared item by item
 */
export function firstDifference(check: string | undefined, expected: ItemList, observed: ItemList): Difference {
  if (expected.items.length < 2 && observed.items.length < 2) return {};
  switch (comparisonOf(check, expected)) {
    case "item by item": {
      const at = expected.items.findIndex((item, index) => item !== observed.items[index]);
      const place = at < 0 ? expected.items.length : at;
      return {
        ...(place < expected.items.length ? { expected: place } : {}),
        ...(place < observed.items.length ? { observed: place } : {}),
      };
    }
    case "in order": {
      let found = 0;
      for (const item of observed.items) if (item === expected.items[found]) found++;
      return found < expected.items.length ? { expected: found } : {};
    }
    case "none":
      return {};
  }
}

/** How a check reads its lists. */
function comparisonOf(check: string | undefined, { lead }: ItemList): Comparison {
  if (check === undefined || check === "decisions") return "item by item";
  if (check === "mustInclude") return "in order";
  if (check !== "trajectory") return "none";
  if (lead.endsWith("EXACT ")) return "item by item";
  return lead.endsWith("IN_ORDER ") ? "in order" : "none";
}
