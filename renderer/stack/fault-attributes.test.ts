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

test("typed values are sent as a scenario would write them, and omitted ones are not sent", () => {
  expect(attributesOf(kind, { by: "500ms", toxicity: "0.5", status: "500" })).toEqual({
    by: "500ms",
    toxicity: 0.5,
    status: 500,
  });
  expect(attributesOf(kind, { by: "500ms", toxicity: "" })).toEqual({ by: "500ms" });
});

test("an invalid number is sent unchanged, for the lab to refuse", () => {
  expect(attributesOf(kind, { toxicity: "half" })).toEqual({ toxicity: "half" });
});
