import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";

export interface CatalogueFilter {
  text: string;
  pattern: string | null;
}

/** Every typed word must occur in the card; case-insensitive. */
export function filterCatalogue(scenarios: readonly ScenarioSummary[], { text, pattern }: CatalogueFilter) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return scenarios.filter((scenario) => {
    if (pattern !== null && !scenario.patterns.includes(pattern)) return false;
    const { id, title, summary, patterns, breaks, needs } = scenario;
    const all = [id, title, summary, ...patterns, ...breaks, ...needs].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** Patterns of the catalogue, the most used first. */
export function patternsOf(scenarios: readonly ScenarioSummary[]): { pattern: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { patterns } of scenarios) {
    for (const pattern of patterns) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  return [...counts]
    .map(([pattern, count]) => ({ pattern, count }))
    .sort((a, b) => b.count - a.count || (a.pattern < b.pattern ? -1 : 1));
}

/** A person's own scenarios, and then the others by their first pattern, the most used first. */
export function byPattern(scenarios: readonly ScenarioSummary[]): { group: string; scenarios: ScenarioSummary[] }[] {
  const shipped = scenarios.filter(({ origin }) => origin !== "user");
  const order = patternsOf(shipped).map(({ pattern }) => pattern);
  const groups = Map.groupBy(shipped, ({ patterns }) => patterns[0] ?? "other");
  const own = scenarios.filter(({ origin }) => origin === "user");
  return [
    ...(own.length === 0 ? [] : [{ group: "Yours", scenarios: own }]),
    ...[...order, "other"].flatMap((group) => {
      const its = groups.get(group);
      return its === undefined ? [] : [{ group, scenarios: its }];
    }),
  ];
}

/** Three short scenarios that show different failures. */
export const DEMO_SCENARIOS = ["mcp-crash", "retry-storm", "approval-timeout"];

/** The demo scenarios of this catalogue, or its first three. */
export function demoOf(scenarios: readonly ScenarioSummary[]): ScenarioSummary[] {
  const demo = DEMO_SCENARIOS.flatMap((id) => scenarios.filter((scenario) => scenario.id === id));
  return demo.length > 0 ? demo : scenarios.slice(0, 3);
}
