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

test("everything is offered until a word is typed", () => {
  expect(found(" ")).toEqual(["halt", "storm", "budget", "crash", "run"]);
});

test.each([
  ["crashes visible", ["crash"]],
  ["VISIBLE  crash mcp-", ["crash"]],
  ["passed budget", ["run"]],
  ["cleanly storm", ["storm"]],
  ["nothing like that", []],
])("%j finds what has all of its words, in any order and wherever they are", (query, ids) => {
  expect(found(query)).toEqual(ids);
});

test("what has them in its name comes first, and so does its group", () => {
  expect(found("budget")).toEqual(["budget", "storm", "run"]);
  expect(matchActions("a", GROUPS).map(({ group }) => group)[0]).toBe("Commands");
  expect(found("crash")).toEqual(["crash"]);
});
