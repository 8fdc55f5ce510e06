import { expect, test } from "vitest";
import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { demoOf, filterCatalogue, patternsOf } from "./catalogue-filter.ts";

const card = (id: string, parts: Partial<ScenarioSummary> = {}): ScenarioSummary => ({
  id,
  title: `Title of ${id}`,
  summary: "",
  patterns: [],
  protection: null,
  origin: "shipped",
  breaks: [],
  needs: [],
  stepCount: 1,
  checkCount: 1,
  lacks: null,
  lastVerdicts: [],
  ...parts,
});
const cards = [
  card("approval-timeout", { patterns: ["timeout", "fail closed"], breaks: ["stop mock-slack"] }),
  card("mcp-crash", { patterns: ["timeout"], summary: "The payments server is gone." }),
  card("other"),
];
const ids = (found: readonly ScenarioSummary[]) => found.map(({ id }) => id);

test("every typed word must occur in the card, including its faults", () => {
  expect(ids(filterCatalogue(cards, { text: "SLACK timeout", pattern: null }))).toEqual(["approval-timeout"]);
  expect(ids(filterCatalogue(cards, { text: "payments", pattern: "timeout" }))).toEqual(["mcp-crash"]);
  expect(ids(filterCatalogue(cards, { text: " ", pattern: null }))).toHaveLength(3);
});

test("patterns are listed with their number of scenarios", () => {
  expect(patternsOf(cards)).toEqual([
    { pattern: "timeout", count: 2 },
    { pattern: "fail closed", count: 1 },
  ]);
});

test("the demo has its own order, and a catalogue without its scenarios still has a demo", () => {
  expect(ids(demoOf(cards))).toEqual(["mcp-crash", "approval-timeout"]);
  expect(ids(demoOf([card("a"), card("b")]))).toEqual(["a", "b"]);
});
