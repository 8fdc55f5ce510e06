import { expect, test } from "vitest";
import { matchActions } from "./palette-match.ts";

interface Action {
  id: string;
  label: string;
  description?: string;
  keywords?: string[];
}

const GROUPS: { group: string; actions: Action[] }[] = [
  { group: "Commands", actions: [{ id: "halt", label: "Halt: cancel and undo everything" }] },
  {
    group: "Run a scenario",
    actions: [
      { id: "storm", label: "A retrying client", description: "retry-storm", keywords: ["budget", "fail cleanly"] },
      { id: "budget", label: "The budget of a turn" },
      { id: "crash", label: "The MCP server crashes and the tool stays visible", keywords: ["mcp-crash"] },
    ],
  },
  { group: "Open a run", actions: [{ id: "run", label: "The budget of a turn", description: "Passed, 5 s ago" }] },
];
const found = (query: string) => matchActions(query, GROUPS).flatMap(({ actions }) => actions.map(({ id }) => id));

test("all actions are listed for an empty query", () => {
  expect(found(" ")).toEqual(["halt", "storm", "budget", "crash", "run"]);
});

test.each([
  ["crashes visible", ["crash"]],
  ["VISIBLE  crash mcp-", ["crash"]],
  ["passed budget", ["run"]],
  ["cleanly storm", ["storm"]],
  ["nothing like that", []],
])("%j finds actions with all of its words, in any order and field", (query, ids) => {
  expect(found(query)).toEqual(ids);
});

test("matches in the label come first, and so do their groups", () => {
  expect(found("budget")).toEqual(["budget", "storm", "run"]);
  expect(matchActions("a", GROUPS).map(({ group }) => group)[0]).toBe("Commands");
  expect(found("crash")).toEqual(["crash"]);
});
