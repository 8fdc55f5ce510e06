import { expect, test } from "vitest";
import { attributesOf } from "./fault-attributes.ts";

const attribute = (name: string, type: "duration" | "number" | "choice" | "text") => ({
  name,
  type,
  choices: type === "choice" ? [500, "both"] : [],
  required: false,
  description: "",
});
const kind = {
  kind: "latency",
  on: "link" as const,
  effect: "slowed down",
  undo: "remove",
  attributes: [attribute("by", "duration"), attribute("toxicity", "number"), attribute("status", "choice")],
};

test("what is typed is sent as a scenario would write it, and what is left out is not sent", () => {
  expect(attributesOf(kind, { by: "500ms", toxicity: "0.5", status: "500" })).toEqual({
    by: "500ms",
    toxicity: 0.5,
    status: 500,
  });
  expect(attributesOf(kind, { by: "500ms", toxicity: "" })).toEqual({ by: "500ms" });
});

test("what is no number is sent as it is, for the lab to refuse in its own words", () => {
  expect(attributesOf(kind, { toxicity: "half" })).toEqual({ toxicity: "half" });
});
